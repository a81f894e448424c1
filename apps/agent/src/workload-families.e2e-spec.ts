import path from 'node:path';
import { Outcome } from '@luofleet/proto';
import { exampleWorkload, freePort, images, releaseOf } from './testing/agent-process';
import { EchoClient } from './testing/echo-client';
import { workloadFamilies, zombiesOf } from './testing/open-descriptors';
import { PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

describe('workloads with children', () => {
  let harness: PassageHarness;
  let port: number;

  beforeEach(async () => {
    port = await freePort();
    const command = [
      'node',
      path.join(__dirname, 'testing/echo-family.workload.cjs'),
      exampleWorkload('echo-server'),
    ];
    const family = { name: 'family', command, env: { PORT: String(port) } };
    harness = await PassageHarness.start({ moreWorkloads: [family] });
  });
  afterEach(() => harness.stop());

  /** Pids of all that belongs to the workload, once it is whole: the echo server and at least its four children. */
  const wholeFamily = () =>
    harness.plane.until('a whole family', () => {
      const pids = familyNow();
      return pids.length >= 5 && pids;
    });
  const familyNow = () =>
    [...workloadFamilies(harness.agent.socket)].flatMap(([pid, name]) =>
      name === 'family' ? [pid] : [],
    );
  const untilGone = (pids: readonly number[]) =>
    harness.plane.until('all of the old family ended', () => {
      const now = familyNow();
      return pids.every((pid) => !now.includes(pid));
    });
  const untilReaped = () =>
    harness.plane.until('all are reaped', () => zombiesOf(harness.agent.pid).length === 0);
  const expectServing = async () => {
    await harness.untilServing();
    const client = new EchoClient(port);
    await harness.plane.until('an answer', () => client.answered > 0);
    await client.stop();
    expect(client.failures).toEqual([]);
  };

  it('end and come back as a whole, and nobody is left unreaped', async () => {
    const versions = ['1.1.0', '1.0.0', '1.1.0'] as const;
    for (const [index, version] of versions.entries()) {
      const before = await wholeFamily();
      const image = version === '1.0.0' ? images.current : images.next;
      const generation = BigInt(index + 1);
      const shape = { release: releaseOf(image, version), attempt: index + 1, generation };
      const commands = harness.commands(shape);
      harness.send(...commands);
      const results = await harness.results(commands);
      expect(results.map(({ outcome }) => outcome)).toEqual(
        Array(7).fill(Outcome.OUTCOME_SUCCEEDED),
      );
      await untilGone(before);
      // The old leader is a child of the image before, which Node knows nothing of.
      await untilReaped();
      expect((await wholeFamily()).filter((pid) => before.includes(pid))).toEqual([]);
      await expectServing();
    }

    // Its children hold its listening socket.
    const crashed = await wholeFamily();
    process.kill(await harness.servingPid('family'), 'SIGKILL');
    await untilGone(crashed);
    await wholeFamily();
    await expectServing();

    // Its leader ends while there is no agent.
    const orphaned = await wholeFamily();
    const leader = await harness.servingPid('family');
    await harness.agent.kill();
    process.kill(leader, 'SIGKILL');
    const before = harness.plane.hellos.length;
    harness.agent.start();
    await harness.plane.until('connected again', () => harness.plane.hellos.length > before);
    await untilGone(orphaned);
    await expectServing();

    await untilReaped();
    await harness.agent.terminate();
    expect(familyNow()).toEqual([]);
  });
});
