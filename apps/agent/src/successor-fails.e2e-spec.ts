import { Outcome, SessionState } from '@luofleet/proto';
import { FileWorkload, type SuccessorFailure } from './testing/file-workload';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_FAILED: FAILED, OUTCOME_VOIDED: VOID } = Outcome;

/** How the new instance fails, what the operator reads, and how long it is given. */
const failures: Array<[SuccessorFailure, string, Record<string, unknown>]> = [
  ['exit', 'the process ended: exit code 3', {}],
  ['refuse', 'the input does not parse', {}],
  ['hang', 'no answer to check in time', { startTimeoutMs: 4_000 }],
];

const startsIn = (log: string, version: string): number =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg, workload }) => msg === 'workload started' && workload === 'files')
    .filter((line) => line.version === version).length;

describe('a new instance that does not come up after the reboot', () => {
  it.each(failures)(
    '(%s) leaves the old one serving, says so, and the next attempt works',
    async (how, words, settings) => {
      const files = new FileWorkload('alpha,beta,gamma,delta');
      const harness = await PassageHarness.start({ settings, moreWorkloads: [files.settings] });
      const pid = () => harness.servingPid('files');
      try {
        const old = await pid();
        await files.read(old, 'input', 6);
        await files.write(old, 'log', 'before;');
        files.successorsFail(how);
        const commands = harness.commands();
        harness.send(...commands);
        const results = await harness.results(commands);
        expect(outcomesOf(results)).toEqual([OK, OK, OK, OK, FAILED, VOID, VOID]);
        const retrieved = results[4]!;
        expect(retrieved).toMatchObject({
          runningVersion: '1.1.0',
          reason: { code: 'WORKLOAD_NOT_SERVING', subject: 'workload files' },
        });
        expect(retrieved.reason?.detail).toBe(
          `the new instance of files does not serve: ${words}; the old one does`,
        );
        expect(retrieved.sessions.map(({ state }) => state)).toEqual(
          Array(3).fill(SessionState.SESSION_STATE_RETRIEVED),
        );
        expect(Number(retrieved.resumedAtMs)).toBeGreaterThanOrEqual(Number(retrieved.frozenAtMs));
        expect(await pid()).toBe(old);
        // Started anew it might serve for a moment, and then there would be two.
        expect(startsIn(harness.agent.log, '1.1.0')).toBe(1);
        expect(await files.read(old, 'input', 5)).toBe('beta,');
        await files.write(old, 'log', 'between;');

        files.successorsWork();
        const second = harness.commands({ attempt: 2, generation: 2n });
        harness.send(...second);
        expect(outcomesOf(await harness.results(second))).toEqual(Array(7).fill(OK));
        await harness.expectNothingLost();
        harness.expectEachActedOnce();
        const successor = await pid();
        expect(successor).not.toBe(old);
        expect(await files.read(successor, 'input', 6)).toBe('gamma,');
        await files.write(successor, 'log', 'after;');
        expect(files.logOnDisk()).toBe('before;between;after;');
      } finally {
        await harness.stop();
        files.destroy();
      }
    },
  );
});
