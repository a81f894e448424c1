import { truncateSync } from 'node:fs';
import path from 'node:path';
import { Outcome } from '@luofleet/proto';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

it('starts the current image although the native file beside it was damaged', async () => {
  const harness = await PassageHarness.start();
  try {
    const commands = harness.commands();
    harness.send(...commands);
    expect(outcomesOf(await harness.results(commands))).toEqual(
      Array(7).fill(Outcome.OUTCOME_SUCCEEDED),
    );
    await harness.agent.kill();
    truncateSync(path.join(harness.agent.stateDir, 'images/koffi.node'), 4096);
    const before = harness.plane.hellos.length;
    harness.agent.start();
    await harness.plane.until('connected again', () => harness.plane.hellos.length > before);
    expect(harness.plane.hellos.at(-1)?.runningVersion).toBe('1.1.0');
    await harness.expectNothingLost();
  } finally {
    await harness.stop();
  }
});
