// A state directory on a small file system of its own, which is really full, or really read-only. Needs root, as CI has.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Outcome, Phase } from '@luofleet/proto';
import { images, releaseOf } from './testing/agent-process';
import { outcomesOf, PassageHarness } from './testing/passage.harness';
import { commandFor, keyOf } from './testing/scripted-control-plane';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_REFUSED: REFUSED } = Outcome;

let harness: PassageHarness;
let mountPoint: string;
const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });

beforeEach(async () => {
  mountPoint = mkdtempSync(path.join(tmpdir(), 'luofleet-mount-'));
  mount('-t', 'tmpfs', '-o', 'size=64m', 'luofleet-test', mountPoint);
  mkdirSync(path.join(mountPoint, 'state'));
  harness = await PassageHarness.start({ stateDir: path.join(mountPoint, 'state') });
});
afterEach(async () => {
  await harness.stop();
  execFileSync('umount', ['--lazy', mountPoint]);
  rmSync(mountPoint, { recursive: true });
});

const ballast = () => path.join(mountPoint, 'ballast');
/** Takes the last byte. */
function fill(): void {
  const piece = Buffer.alloc(4096);
  for (;;) {
    try {
      writeFileSync(ballast(), piece, { flag: 'a' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
      return;
    }
  }
}

/** What operators read beside every workload. */
const untilHeartbeat = (what: string, holds: (detail: string) => boolean) => {
  const seen = harness.plane.heartbeats.length;
  return harness.plane.until(what, () => {
    const { workloads = [] } = harness.plane.heartbeats.slice(seen).at(-1) ?? {};
    return workloads.length > 0 && workloads.every(({ detail }) => holds(detail));
  });
};

/** Preflights of new host updates until one finds the disk full: its last block has room for some. */
async function untilRefused() {
  for (let update = 1; ; update += 1) {
    const hostUpdate = `refused-${update}`;
    const release = releaseOf(images.current, '1.0.0');
    harness.send(commandFor(Phase.PHASE_PREFLIGHT, { hostUpdate, release }));
    const result = await harness.plane.resultOf(keyOf(Phase.PHASE_PREFLIGHT, { hostUpdate }));
    if (result.outcome === REFUSED) return result;
  }
}

async function expectUpdateWorks(): Promise<void> {
  const commands = harness.commands({ hostUpdate: 'after', generation: 2n });
  harness.send(...commands);
  expect(outcomesOf(await harness.results(commands))).toEqual(Array(7).fill(OK));
  await harness.expectNothingLost();
}

describe('an agent whose disk is full', () => {
  it('refuses, says why, and goes on by itself once there is space', async () => {
    const { pid } = harness.agent;
    fill();
    const { reason } = await untilRefused();
    expect(reason).toMatchObject({ code: 'DISK_FULL', errnoCode: 'ENOSPC' });
    expect(reason?.detail).toContain(path.join(mountPoint, 'state/journal.log'));
    await untilHeartbeat('the full disk is told', (detail) => detail.includes('DISK_FULL'));
    expect((await harness.agent.status()).problem).toMatchObject({ code: 'DISK_FULL' });
    rmSync(ballast());
    await untilHeartbeat('no problem any more', (detail) => !detail.includes('DISK_FULL'));
    expect([harness.agent.pid, harness.plane.hellos.length]).toEqual([pid, 1]);
    await expectUpdateWorks();
  });

  it('says so where there are no workloads to say it beside', async () => {
    await harness.echo.stop();
    await harness.agent.terminate();
    harness.agent.configure({ workloads: [] });
    harness.agent.start();
    await harness.plane.until('a second hello', () => harness.plane.hellos.length === 2);
    fill();
    expect((await untilRefused()).reason).toMatchObject({ code: 'DISK_FULL', errnoCode: 'ENOSPC' });
    expect((await harness.agent.status()).problem).toMatchObject({ code: 'DISK_FULL' });
    rmSync(ballast());
    while ((await harness.agent.status()).problem !== null);
    const shape = { hostUpdate: 'after', release: releaseOf(images.current, '1.0.0') };
    harness.send(commandFor(Phase.PHASE_PREFLIGHT, shape));
    const after = await harness.plane.resultOf(keyOf(Phase.PHASE_PREFLIGHT, shape));
    expect(after.outcome).toBe(OK);
  });

  it('starts again all the same, with the workloads that lived on', async () => {
    fill();
    await untilRefused();
    await harness.agent.kill();
    harness.agent.start();
    await harness.plane.until('a second hello', () => harness.plane.hellos.length === 2);
    await harness.untilServing();
    await untilRefused();
    rmSync(ballast());
    await untilHeartbeat('no problem any more', (detail) => !detail.includes('DISK_FULL'));
    await expectUpdateWorks();
  });
});

it('an agent that starts on a read-only disk serves, refuses, and goes on once it can write', async () => {
  await harness.echo.stop();
  await harness.agent.terminate();
  mount('-o', 'remount,ro', mountPoint);
  harness.agent.start();
  await untilHeartbeat('the read-only disk is told', (detail) => detail.includes('EROFS'));
  await harness.untilServing();
  const { reason } = await untilRefused();
  expect(reason).toMatchObject({ code: 'JOURNAL_UNWRITABLE', errnoCode: 'EROFS' });
  await harness.agent.kv('PUT', 'a', 'one');
  harness.hash = await harness.agent.kv('GET', 'hash');
  mount('-o', 'remount,rw', mountPoint);
  await untilHeartbeat('no problem any more', (detail) => !detail.includes('EROFS'));
  await expectUpdateWorks();
});

it('an agent with a damaged journal is reachable and refuses; its workloads serve', async () => {
  const commands = harness.commands();
  harness.send(...commands);
  await harness.results(commands);
  await harness.agent.kill();
  const journal = path.join(mountPoint, 'state/journal.log');
  execFileSync('sed', ['-i', '2s/"kind"/"k!nd"/', journal]);
  harness.agent.start();
  await untilHeartbeat('the damage is told', (detail) => detail.includes('JOURNAL_DAMAGED'));
  const { reason } = await untilRefused();
  expect(reason?.detail).toMatch(/line 2.*move the file away and restart the agent/);
  await harness.agent.terminate();
  rmSync(journal);
  harness.agent.start();
  await untilHeartbeat('no problem any more', (detail) => !detail.includes('JOURNAL'));
  await harness.echo.stop();
});
