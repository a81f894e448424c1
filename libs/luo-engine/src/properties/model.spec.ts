/**
 * Random lives of an engine, with injected failures, against the reference model. Safety: after every operation the
 * answer, the lists, references, handles and pages are the model's. Liveness: everything that still has a
 * handle can be driven to empty.
 */
import fc from 'fast-check';
import { engineLife, ModelledHost } from '../testing';

const RUNS = 400;

describe.each([
  ['upstream', false],
  ['upstream', true],
  ['seed', false],
  ['seed', true],
] as const)('model, %s, asynchronous %s', (profile, asynchronous) => {
  it('safety: every operation answers and leaves behind what the model says', async () => {
    await fc.assert(
      fc.asyncProperty(engineLife(), async (operations) => {
        const both = new ModelledHost(profile, asynchronous);
        for (const [i, operation] of operations.entries()) {
          const difference = await both.step(operation);
          if (difference !== null)
            throw new Error(`operation ${i} ${JSON.stringify(operation)}: ${difference}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('liveness: whatever happened, everything that can be reached can be emptied', async () => {
    await fc.assert(
      fc.asyncProperty(engineLife(), async (operations) => {
        const both = new ModelledHost(profile, asynchronous);
        for (const operation of operations) await both.step(operation);
        const difference = await both.drain();
        if (difference !== null) throw new Error(difference);
        const stuck = both.model.incoming.flatMap(({ files }) => files).length;
        expect(both.model.outgoing).toEqual([]);
        expect(both.host.memory.preservedSizeBytes).toBe(0);
        expect(both.model.openCount).toBe(both.model.lostCount + stuck);
        if (profile === 'upstream') {
          expect(both.model.incoming.every(({ retrieved, held }) => retrieved && !held)).toBe(true);
        }
      }),
      { numRuns: RUNS / 4 },
    );
  });
});
