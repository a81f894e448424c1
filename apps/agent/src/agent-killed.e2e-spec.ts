import { Outcome } from '@luofleet/proto';
import { killPoints } from './faults/faults';
import { outcomesOf, PassageHarness } from './testing/passage.harness';

jest.setTimeout(120_000);

const { OUTCOME_SUCCEEDED: OK, OUTCOME_ROLLED_BACK: BACK, OUTCOME_VOIDED: VOID } = Outcome;

/** How many of the seven phases succeed when the agent is killed at a point; the next one is rolled back. */
const rolledBackAt: Record<string, number> = {
  // Preserved descriptors are gone with the agent that held them: the next phase to need them is rolled back.
  'journaled:preserve': 1,
  'acted:preserve': 1,
  'after:preserve': 2,
  'before:freeze': 2,
  'journaled:freeze': 2,
  'acted:freeze': 2,
  'after:freeze': 3,
  'before:reboot': 3,
  'journaled:reboot': 3,
  'reboot:crossed': 3,
  'reboot:arrived': 3,
  'after:reboot': 4,
  'before:retrieve': 4,
  'journaled:retrieve': 4,
  'retrieve:deserialized': 4,
  'retrieve:spawned': 4,
  'acted:retrieve': 4,
};

describe('an agent killed with SIGKILL', () => {
  // The reboot leaves no moment between acting and the next runtime's journal; rollback is not part of a passage.
  const points = killPoints.filter(
    (point) => point !== 'acted:reboot' && !point.endsWith(':rollback'),
  );

  it.each(points)('at %s loses nothing and acts once', async (point) => {
    const harness = await PassageHarness.start({ settings: { faults: { killAt: [{ point }] } } });
    try {
      const commands = harness.commands();
      harness.send(...commands);
      await harness.agent.untilExit();
      expect(harness.agent.log).not.toContain('"msg":"stopping"');
      // The killed agent's stream may still pass for open; what is sent on it is lost.
      const { hellos } = harness.plane;
      const before = hellos.length;
      harness.agent.start();
      await harness.plane.until('connected again', () => hellos.length > before);
      // The control plane sends again whatever it has no result of; the agent may know it already.
      harness.send(...commands);
      const outcomes = outcomesOf(await harness.results(commands));
      const succeeded = rolledBackAt[point] ?? 7;
      const expected = commands.map((_none, index) =>
        index < succeeded ? OK : index === succeeded ? BACK : VOID,
      );
      expect(outcomes).toEqual(expected);
      harness.expectEachActedOnce();
      await harness.expectNothingLost();
      const version = succeeded === 7 ? '1.1.0' : '1.0.0';
      expect(harness.plane.hellos.at(-1)?.runningVersion).toBe(version);
    } finally {
      await harness.stop();
    }
  });
});
