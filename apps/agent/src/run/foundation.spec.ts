import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LiveUpdateSession } from '@luofleet/linux';
import { agentVersion } from '../agent-version';
import type { KernelManifest } from '../backend/kernel/kernel-manifest';
import { parseSettings } from '../settings/parse-settings';
import type { EarlyPart } from './early-part';
import { layFoundation } from './foundation';

let directory: string;
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'luofleet-foundation-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const stateDir = () => path.join(directory, 'state');
const valid = () =>
  JSON.stringify({ hostName: 'h', controlPlane: 'c:1', backend: 'kernel', stateDir: stateDir() });

/** An agent in a kernel that handed something over; `text` is its configuration file now. */
function arrived(text: string): EarlyPart {
  const configFile = path.join(directory, 'agent.json');
  writeFileSync(configFile, text);
  const manifest: KernelManifest = {
    ...{ key: 'hu/reboot/1', fromRelease: '7.3.4', imageSha256: '', frozenAtMs: 1, journal: '' },
    ...{ sessions: [], leftBehind: [] },
    configuration: {
      ...{ text: valid(), file: configFile, agentVersion },
      settings: parseSettings(valid(), configFile),
    },
  };
  const mark = { hostUpdateId: 'hu', attempt: 1, generation: 1n };
  const own = {} as LiveUpdateSession;
  return {
    ...{ configFile, configuration: text },
    record: null,
    arrival: { found: 'handover', mark, manifest, own, retrieved: [], by: 'agent' },
  };
}

/** Resolves with the first error that is logged. */
function firstError() {
  let logged = (_message: string): void => undefined;
  const message = new Promise<string>((resolve) => (logged = resolve));
  return { log: { error: (text: string) => logged(text) }, message };
}

it('goes on with the configuration of the previous kernel when the file can not be used', async () => {
  const { log, message } = firstError();
  const { settings, journal, kernel } = await layFoundation(arrived('{ broken'), undefined, log);
  journal.close();
  expect(await message).toMatch(/configuration can not be used/);
  expect(settings.hostName).toBe('h');
  // It must not pass for the meaning of the broken text in the kernel after the next.
  expect(kernel?.configuration.text).toBe('');
});

it('holds what was handed over until its directory can be used', async () => {
  writeFileSync(stateDir(), 'a file in its place');
  const { log, message } = firstError();
  const laid = layFoundation(arrived(valid()), undefined, log, 1);
  expect(await message).toMatch(/holding what was handed over/);
  rmSync(stateDir());
  const { settings, journal } = await laid;
  journal.close();
  expect(settings.stateDir).toBe(stateDir());
});

it('ends with the reason while it holds nothing', async () => {
  const { log } = firstError();
  const early = { ...arrived('{ broken'), arrival: { found: 'no-update' as const } };
  await expect(layFoundation(early, undefined, log)).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
  });
});
