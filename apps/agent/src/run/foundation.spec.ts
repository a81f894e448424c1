import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LiveUpdateSession } from '@luofleet/linux';
import { agentVersion } from '../agent-version';
import type { KernelManifest } from '../backend/kernel/kernel-manifest';
import { FileJournal } from '../journal/journal';
import { encodeRecord, type JournalRecord } from '../journal/journal-record';
import type { AgentCommand } from '../model/command';
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

it('goes on with the journal that was handed over where none can be written, and writes it later', async () => {
  writeFileSync(stateDir(), 'a file in its place');
  const { log } = firstError();
  const early = arrived(valid());
  const { key, hostUpdateId } = { key: 'hu/reboot/1', hostUpdateId: 'hu' };
  const command: AgentCommand = {
    ...{ key, hostUpdateId, rolloutId: 'r', phase: 'reboot', attempt: 1, generation: 1n },
    ...{ afterKey: '', timeoutMs: 0, soakMs: 0, release: null },
  };
  const records: JournalRecord[] = [
    { kind: 'accepted', command },
    { kind: 'crossed', key, fromVersion: '7.3.4', toVersion: '7.3.5', imageSha256: 'a' },
  ];
  if (early.arrival?.found !== 'handover') throw new Error('no handover');
  early.arrival.manifest.journal = records.map(encodeRecord).join('');
  const { journal } = await layFoundation(early, undefined, log);
  expect(journal.problem).toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  expect(journal.state.crossing).toMatchObject({ key });
  expect(journal.owe({ kind: 'recorded', key })).toBe(false);
  rmSync(stateDir());
  expect(journal.settle()).toBe(true);
  journal.close();
  const again = FileJournal.open(path.join(stateDir(), 'journal.log'));
  expect(again.state).toEqual(journal.state);
});

it('ends with the reason while it holds nothing', async () => {
  const { log } = firstError();
  const early = { ...arrived('{ broken'), arrival: { found: 'no-update' as const } };
  await expect(layFoundation(early, undefined, log)).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
  });
});
