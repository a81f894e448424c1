import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FileState, Outcome, Phase, SessionState } from '@luofleet/proto';
import { images, releaseOf } from './testing/agent-process';
import { outcomesOf, PassageHarness } from './testing/passage.harness';
import { commandFor, keyOf } from './testing/scripted-control-plane';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_ROLLED_BACK: BACK, OUTCOME_VOIDED: VOID } = Outcome;
const { OUTCOME_REFUSED: REFUSED, OUTCOME_FAILED: FAILED } = Outcome;

describe('updates that fail', () => {
  let harness: PassageHarness;
  const start = async (settings: Record<string, unknown>, kvEnv = {}) => {
    harness = await PassageHarness.start({ settings, kvEnv });
  };
  const passage = async () => {
    const commands = harness.commands();
    harness.send(...commands);
    return harness.results(commands);
  };

  afterEach(() => harness.stop());

  it('freeze fails: the file says why, earlier ones are unpreserved, workloads serve, the rest is voided', async () => {
    await start({ faults: { freeze: [{ workload: 'kv', token: '0x2', errno: 'ENOMEM' }] } });
    const results = await passage();
    expect(outcomesOf(results)).toEqual([OK, OK, BACK, VOID, VOID, VOID, VOID]);
    expect(results[2]?.reason).toMatchObject({
      code: 'FREEZE_FAILED',
      errnoCode: 'ENOMEM',
      errno: 12,
      subject: 'session kv/file 0x2',
    });
    const kv = results[2]?.sessions.find(({ name }) => name === 'kv');
    expect(kv?.files.map(({ state }) => state)).toEqual([
      FileState.FILE_STATE_UNPRESERVED,
      FileState.FILE_STATE_FAILED,
    ]);
    await harness.expectNothingLost();
    const retry = harness.commands({ attempt: 2, generation: 2n });
    harness.send(...retry);
    expect(outcomesOf(await harness.results(retry))).toEqual(Array(7).fill(OK));
    harness.expectEachActedOnce();
  });

  it.each(['ENOENT', 'EACCES'])('execve fails with %s: everything is undone', async (errno) => {
    await start({ faults: { execve: { errno } } });
    const results = await passage();
    expect(outcomesOf(results)).toEqual([OK, OK, OK, BACK, VOID, VOID, VOID]);
    expect(results[3]?.reason).toMatchObject({ code: 'EXECVE_FAILED', errnoCode: errno });
    expect(results[3]?.sessions.map(({ state }) => state)).toEqual(
      Array(2).fill(SessionState.SESSION_STATE_UNPRESERVED),
    );
    expect(harness.plane.hellos).toHaveLength(1);
    await harness.expectNothingLost();
  });

  it('a workload vetoes: its words are the reason', async () => {
    await start({}, { VETO: '1' });
    const results = await passage();
    expect(outcomesOf(results)).toEqual([OK, OK, BACK, VOID, VOID, VOID, VOID]);
    expect(results[2]?.reason).toMatchObject({ code: 'WORKLOAD_VETOED', subject: 'workload kv' });
    expect(results[2]?.reason?.detail).toContain('a backup is running');
    await harness.expectNothingLost();
  });

  it('finish is refused while a workload holds it, and works afterwards', async () => {
    await start({});
    await harness.agent.kv('POST', 'hold', 'still copying');
    const results = await passage();
    expect(outcomesOf(results)).toEqual([OK, OK, OK, OK, OK, REFUSED, VOID]);
    expect(results[5]?.reason).toMatchObject({
      code: 'FINISH_VETOED',
      detail: 'workload kv: still copying',
    });
    await harness.agent.kv('DELETE', 'hold');
    const again = commandFor(Phase.PHASE_FINISH, {}, '', '/2');
    harness.send(again);
    const finished = await harness.plane.resultOf(again.idempotencyKey);
    expect(finished.outcome).toBe(OK);
    // Whatever nobody held was finished the first time.
    const ended = [...(results[5]?.sessions ?? []), ...finished.sessions]
      .filter(({ state }) => state === SessionState.SESSION_STATE_FINISHED)
      .map(({ name }) => name);
    expect(ended).toHaveLength(2);
    expect(new Set(ended).size).toBe(2);
    await harness.expectNothingLost();
  });

  const crash = "if (process.argv[2] === 'run') process.exit(70);\n";
  it.each([
    ['at its first instruction', (image: string) => crash + image],
    ['after it took the handover', (image: string) => `${image}\n${crash}`],
  ])('an image that crashes %s leaves the old release serving', async (_when, broken) => {
    await start({});
    const image = path.join(harness.agent.directory, 'broken.cjs');
    writeFileSync(image, broken(readFileSync(images.next, 'utf8')));
    const before = harness.agent.workloadProcesses().map(({ process: { pid } }) => pid);
    const commands = harness.commands({ release: releaseOf(image, '1.1.0') });
    harness.send(...commands);
    await harness.agent.untilExit();
    // What a supervisor does.
    harness.agent.start();
    const results = await harness.results(commands);
    expect(outcomesOf(results)).toEqual([OK, OK, OK, BACK, VOID, VOID, VOID]);
    expect(results[3]).toMatchObject({
      runningVersion: '1.0.0',
      reason: { code: 'IMAGE_CRASHED', subject: `image ${commands[0]!.release!.imageSha256}` },
    });
    expect(results[3]!.sessions.map(({ state }) => state)).toEqual(
      Array(2).fill(SessionState.SESSION_STATE_UNPRESERVED),
    );
    await harness.expectNothingLost();
    expect(harness.agent.workloadProcesses().map(({ process: { pid } }) => pid)).toEqual(before);
    const repaired = harness.commands({ attempt: 2, generation: 2n });
    harness.send(...repaired);
    expect(outcomesOf(await harness.results(repaired))).toEqual(Array(7).fill(OK));
    harness.expectEachActedOnce();
    expect(await harness.agent.kv('GET', 'c')).toBe('written after');
  });

  it.each([
    ['a digest that is not the image', { imageSha256: '0'.repeat(64) }, 'DIGEST_MISMATCH'],
    ['an image that is not there', { imageUri: 'file:///no/such/image' }, 'IMAGE_UNAVAILABLE'],
    ['a release without a handler', { handlers: ['luofleet-memfd-v1'] }, 'HANDLER_MISSING'],
    ['another version than it says', { version: '9.9.9' }, 'WRONG_VERSION'],
    ['a kernel', { kind: 'kernel' }, 'UNSUPPORTED'],
  ])('preflight stops %s', async (_what, change, code) => {
    await start({});
    const release = { ...releaseOf(images.next, '1.1.0')!, ...change };
    harness.send(commandFor(Phase.PHASE_PREFLIGHT, { release }));
    const result = await harness.plane.resultOf(keyOf(Phase.PHASE_PREFLIGHT));
    expect([result.outcome, result.reason?.code]).toEqual([BACK, code]);
  });

  it.each([
    ['reads another handover format', ['1.0', '9.9'], /reads 1\.0, 9\.9/],
    ['names no handover format', undefined, /names no format/],
  ])('preflight stops an image that %s', async (_what, handoverFormats, words) => {
    await start({});
    const image = path.join(harness.agent.directory, 'foreign.cjs');
    const said = JSON.stringify({ version: '1.1.0', handoverFormats });
    writeFileSync(image, `console.log(${JSON.stringify(said)});`);
    harness.send(commandFor(Phase.PHASE_PREFLIGHT, { release: releaseOf(image, '1.1.0') }));
    const result = await harness.plane.resultOf(keyOf(Phase.PHASE_PREFLIGHT));
    expect([result.outcome, result.reason?.code]).toEqual([BACK, 'ABI_MISMATCH']);
    expect(result.reason?.detail).toMatch(words);
  });

  it('a rollback after preserve undoes it and voids what waits; after the reboot it is refused', async () => {
    await start({});
    const [preflight, preserve, freeze, reboot, retrieve] = harness.commands();
    const chained = [{ ...freeze!, afterKey: 'hu/not-yet/1' }, reboot!, retrieve!];
    harness.send(preflight!, preserve!, ...chained);
    await harness.plane.resultOf(preserve!.idempotencyKey);
    harness.send(commandFor(Phase.PHASE_ROLLBACK));
    const undone = await harness.plane.resultOf(keyOf(Phase.PHASE_ROLLBACK));
    expect(undone.outcome).toBe(OK);
    expect(undone.sessions.map(({ state }) => state)).toEqual(
      Array(2).fill(SessionState.SESSION_STATE_UNPRESERVED),
    );
    expect(outcomesOf(await harness.results(chained))).toEqual([VOID, VOID, VOID]);
    const second = harness.commands({ attempt: 2, generation: 2n });
    harness.send(...second);
    await harness.results(second);
    harness.send(commandFor(Phase.PHASE_ROLLBACK, { attempt: 2, generation: 2n }));
    const late = await harness.plane.resultOf(keyOf(Phase.PHASE_ROLLBACK, { attempt: 2 }));
    expect([late.outcome, late.reason?.code]).toEqual([REFUSED, 'PAST_POINT_OF_NO_RETURN']);
    await harness.expectNothingLost();
  });

  it('a host that stays frozen with nothing to do thaws, and a late reboot finds that out', async () => {
    await start({ frozenLimitMs: 300 });
    const [preflight, preserve, freeze, reboot] = harness.commands();
    harness.send(preflight!, preserve!, freeze!);
    expect((await harness.plane.resultOf(freeze!.idempotencyKey)).outcome).toBe(OK);
    await harness.untilServing();
    harness.send(reboot!);
    const late = await harness.plane.resultOf(reboot!.idempotencyKey);
    expect([late.outcome, late.reason?.code]).toEqual([BACK, 'NOT_FROZEN']);
    await harness.expectNothingLost();
  });

  it('answers a key again from the journal, and refuses an older generation', async () => {
    await start({});
    const shape = { release: releaseOf(images.next, '1.1.0'), generation: 5n };
    const preflight = commandFor(Phase.PHASE_PREFLIGHT, shape);
    harness.plane.records = false;
    harness.send(preflight, preflight);
    await harness.plane.resultOf(preflight.idempotencyKey);
    harness.send(preflight);
    await harness.plane.until('a second delivery', () => harness.plane.deliveries.length >= 2);
    harness.plane.goodbye('host-1', 'DRAINING');
    const before = harness.plane.deliveries.length;
    await harness.plane.until(
      'a delivery on the next stream',
      () => harness.plane.deliveries.length > before,
    );
    expect(harness.plane.hellos.at(-1)?.openCommandKeys).toEqual([preflight.idempotencyKey]);
    harness.expectEachActedOnce();
    harness.send(commandFor(Phase.PHASE_PREFLIGHT, { hostUpdate: 'older', generation: 4n }));
    const stale = await harness.plane.resultOf('older/preflight/1');
    expect([stale.outcome, stale.reason?.code]).toEqual([VOID, 'STALE_GENERATION']);
  });

  it('verify fails on another version than the wanted one', async () => {
    await start({});
    const release = releaseOf(images.next, '1.1.0');
    harness.send(commandFor(Phase.PHASE_VERIFY, { release }));
    const result = await harness.plane.resultOf(keyOf(Phase.PHASE_VERIFY));
    expect([result.outcome, result.reason?.code]).toEqual([FAILED, 'WRONG_VERSION']);
  });
});
