import { spawn, type ChildProcess } from 'node:child_process';
import { FileState, Outcome, Phase } from '@luofleet/proto';
import { images, releaseOf } from '../testing/agent-process';
import {
  blackoutCommands,
  commandFor,
  keyOf,
  ScriptedControlPlane,
} from '../testing/scripted-control-plane';

jest.setTimeout(60_000);

describe('agent simulate', () => {
  let plane: ScriptedControlPlane;
  let child: ChildProcess;

  beforeEach(async () => {
    plane = await new ScriptedControlPlane().start();
  });
  afterEach(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    plane.stop();
  });

  const start = (...more: string[]) => {
    const args = [
      'simulate',
      '--control-plane',
      `127.0.0.1:${plane.port}`,
      '--phase-duration-ms',
      '5',
    ];
    child = spawn(process.execPath, [images.current, ...args, ...more], { stdio: 'ignore' });
  };

  it.each([
    [40, 2, 3],
    [2, 2, 0],
    [2, 0, 0],
  ])('brings %i hosts with %i sessions of %i files through a whole update', async (...shape) => {
    const [hosts, sessions, files] = shape.map(String);
    await bringThrough(Number(hosts), Number(sessions) * Number(files), [
      ...['--hosts', hosts!, '--sessions-per-host', sessions!, '--files-per-session', files!],
      ...['--prefix', 'h', '--connections', '2'],
    ]);
  });

  const bringThrough = async (hosts: number, files: number, args: string[]) => {
    start(...args);
    await plane.until(
      'all say hello',
      () => new Set(plane.hellos.map((one) => one.hostName)).size === hosts,
    );
    const release = releaseOf(images.next, '1.1.0');
    for (let index = 1; index <= hosts; index += 1) {
      const shape = { hostUpdate: `hu-${index}`, release };
      const retrieve = keyOf(Phase.PHASE_RETRIEVE, shape);
      const finish = keyOf(Phase.PHASE_FINISH, shape);
      plane.send(
        `h-${index}`,
        commandFor(Phase.PHASE_PREFLIGHT, shape),
        commandFor(Phase.PHASE_PRESERVE, shape),
        ...blackoutCommands(shape),
        commandFor(Phase.PHASE_FINISH, shape, retrieve),
        commandFor(Phase.PHASE_VERIFY, shape, finish),
      );
    }
    for (let index = 1; index <= hosts; index += 1) {
      const shape = { hostUpdate: `hu-${index}` };
      const verified = await plane.resultOf(keyOf(Phase.PHASE_VERIFY, shape));
      expect(verified).toMatchObject({
        outcome: Outcome.OUTCOME_SUCCEEDED,
        runningVersion: '1.1.0',
      });
      const finished = plane.result(keyOf(Phase.PHASE_FINISH, shape));
      const all = finished?.sessions.flatMap((session) => session.files);
      expect(all?.map(({ state }) => state)).toEqual(
        Array(files).fill(FileState.FILE_STATE_FINISHED),
      );
    }
  };

  it('lets the stated share of freezes fail, rolled back, with the errno', async () => {
    start('--hosts', '4', '--prefix', 'h', '--freeze-failures', '25');
    await plane.until(
      'all say hello',
      () => new Set(plane.hellos.map((one) => one.hostName)).size === 4,
    );
    const release = releaseOf(images.next, '1.1.0');
    const outcomes: Outcome[] = [];
    for (let index = 1; index <= 4; index += 1) {
      const shape = { hostUpdate: `hu-${index}`, release };
      plane.send(`h-${index}`, commandFor(Phase.PHASE_PRESERVE, shape), ...blackoutCommands(shape));
      const freeze = await plane.resultOf(keyOf(Phase.PHASE_FREEZE, shape));
      outcomes.push(freeze.outcome);
      if (freeze.outcome === Outcome.OUTCOME_SUCCEEDED) continue;
      expect(freeze.reason).toMatchObject({
        code: 'FREEZE_FAILED',
        errnoCode: 'ENOMEM',
        errno: 12,
      });
      expect(await plane.resultOf(keyOf(Phase.PHASE_REBOOT, shape))).toMatchObject({
        outcome: Outcome.OUTCOME_VOIDED,
      });
    }
    expect(outcomes.filter((one) => one === Outcome.OUTCOME_ROLLED_BACK)).toHaveLength(1);
  });
});
