import { constants, existsSync } from 'node:fs';
import path from 'node:path';
import { FileState, Outcome, SessionState } from '@luofleet/proto';
import { FileWorkload } from './testing/file-workload';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_FAILED: FAILED, OUTCOME_VOIDED: VOID } = Outcome;

describe('regular files of a workload', () => {
  let files: FileWorkload;
  let harness: PassageHarness;

  beforeEach(async () => {
    files = new FileWorkload('alpha,beta,gamma,delta');
    harness = await PassageHarness.start({ moreWorkloads: [files.settings] });
  });
  afterEach(async () => {
    await harness.stop();
    files.destroy();
  });
  const pid = () => harness.servingPid('files');

  it('keep offset, flags and content through the update, also without a path', async () => {
    const old = await pid();
    expect(await files.read(old, 'input', 6)).toBe('alpha,');
    await files.write(old, 'log', 'before;');
    await files.write(old, 'scratch', 'no path ');
    expect(existsSync(path.join(files.directory, 'scratch'))).toBe(false);
    const names = ['input', 'log', 'scratch'] as const;
    const before = await Promise.all(names.map((name) => files.openFile(old, name)));
    expect(before.map(({ offset }) => offset)).toEqual([6, 7, 8]);
    expect(before[1]!.flags & constants.O_APPEND).toBe(constants.O_APPEND);
    expect(before[2]!.link).toMatch(/ \(deleted\)$/);

    const commands = harness.commands();
    harness.send(...commands);
    const results = await harness.results(commands);
    expect(outcomesOf(results)).toEqual(Array(7).fill(OK));
    const session = results[4]!.sessions.find(({ name }) => name === 'files');
    expect(session?.files.map(({ name, compatible }) => [name, compatible])).toEqual(
      names.map((name) => [name, 'luofleet-file-v1']),
    );
    await harness.expectNothingLost();

    const successor = await pid();
    expect(successor).not.toBe(old);
    const after = await Promise.all(names.map((name) => files.openFile(successor, name)));
    expect(after).toEqual(before);
    expect(await files.read(successor, 'input', 5)).toBe('beta,');
    expect(await files.read(successor, 'input', 100)).toBe('gamma,delta');
    await files.write(successor, 'log', 'after;');
    expect(files.logOnDisk()).toBe('before;after;');
    await files.write(successor, 'scratch', 'but data');
    expect(await files.content(successor, 'scratch')).toBe('no path but data');
  });

  it('whose offset moved while frozen are refused: nobody gets them, the old instance goes on', async () => {
    const old = await pid();
    await files.read(old, 'input', 6);
    const [preflight, preserve, freeze, reboot, ...rest] = harness.commands();
    harness.send(preflight!, preserve!, freeze!);
    expect(outcomesOf(await harness.results([freeze!]))).toEqual([OK]);
    expect(await files.read(old, 'input', 5, true)).toBe('beta,');
    // The reboot last: what arrives behind it would be lost with the stream.
    harness.send(...rest, reboot!);
    const results = await harness.results(rest);
    expect(outcomesOf(results)).toEqual([FAILED, VOID, VOID]);
    expect(results[0]!.reason).toMatchObject({ code: 'RETRIEVE_FAILED', errnoCode: 'EBUSY' });
    const session = results[0]!.sessions.find(({ name }) => name === 'files');
    expect(session?.state).toBe(SessionState.SESSION_STATE_FAILED);
    expect(session?.files.map(({ state }) => state)).toEqual([
      FileState.FILE_STATE_FAILED,
      FileState.FILE_STATE_RETRIEVED,
      FileState.FILE_STATE_RETRIEVED,
    ]);
    await harness.expectNothingLost();
    expect(await pid()).toBe(old);

    const second = harness.commands({ attempt: 2, generation: 2n });
    harness.send(...second);
    expect(outcomesOf(await harness.results(second))).toEqual(Array(7).fill(OK));
    expect(await files.read(await pid(), 'input', 6)).toBe('gamma,');
  });
});
