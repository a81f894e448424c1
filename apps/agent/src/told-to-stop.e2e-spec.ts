import { Outcome } from '@luofleet/proto';
import { within } from '@luofleet/platform/clock';
import { PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

/** Phases that have succeeded by then, and what runs after the next start. */
const stops: Array<{ at: string; succeeded: number; inOrder: boolean; version: string }> = [
  { at: 'acted:freeze', succeeded: 3, inOrder: true, version: '1.0.0' },
  { at: 'after:freeze', succeeded: 3, inOrder: true, version: '1.0.0' },
  { at: 'before:reboot', succeeded: 3, inOrder: true, version: '1.0.0' },
  { at: 'journaled:reboot', succeeded: 3, inOrder: true, version: '1.0.0' },
  { at: 'reboot:crossed', succeeded: 3, inOrder: false, version: '1.0.0' },
  { at: 'reboot:arrived', succeeded: 4, inOrder: true, version: '1.1.0' },
];

describe('SIGTERM around the crossing', () => {
  it.each(stops)('at $at ends the agent, and the next start goes on', async (stop) => {
    const { at, succeeded, inOrder, version } = stop;
    const harness = await PassageHarness.start({
      settings: { faults: { stopAt: [{ point: at }] } },
    });
    try {
      const commands = harness.commands();
      harness.send(...commands);
      const late = () => new Error('it does not end');
      const code = await within(60_000, harness.agent.untilExit(), late);
      expect(code).toBe(inOrder ? 0 : null);
      expect(harness.agent.endedBy).toBe(inOrder ? null : 'SIGTERM');
      // A workload that was left quiesced answers its clients once an agent is there again.
      if (inOrder) await harness.echo.stop();
      if (inOrder) expect(harness.agent.workloadProcesses()).toEqual([]);
      const { hellos } = harness.plane;
      const before = hellos.length;
      harness.agent.start();
      await harness.plane.until('connected again', () => hellos.length > before);
      harness.send(...commands);
      const outcomes = (await harness.results(commands)).map(({ outcome }) => outcome);
      expect(outcomes.slice(0, succeeded)).toEqual(
        Array(succeeded).fill(Outcome.OUTCOME_SUCCEEDED),
      );
      if (succeeded === 3) expect(outcomes[3]).toBe(Outcome.OUTCOME_ROLLED_BACK);
      expect(hellos.at(-1)?.runningVersion).toBe(version);
      if (inOrder) await harness.untilServing();
      else await harness.expectNothingLost();
    } finally {
      await harness.stop();
    }
  });
});
