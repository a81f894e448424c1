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

  it('the lives reach every kind of answer', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(engineLife(), async (operations) => {
        const both = new ModelledHost(profile, asynchronous);
        both.onAnswer = (kind, code) => seen.add(`${kind} ${code ?? 'ok'}`);
        for (const operation of operations) await both.step(operation);
      }),
      { numRuns: RUNS / 2, seed: 7 },
    );
    const answers = {
      preserve: ['ok', 'EEXIST', 'ENOSPC', 'EBADF', 'ENOENT', 'EIO', 'EINVAL'],
      retrieve: ['ok', 'ENOENT', 'EIO', 'EINVAL'],
      finish: ['ok', 'EBUSY', 'EINVAL'],
      reboot: ['ok', 'EIO'],
      'retrieve-session': ['ok', 'ENOENT', 'EINVAL'],
      'freeze-and-unfreeze': ['ok', 'EIO'],
      create: ['ok', 'EEXIST'],
      'preserve-retrieved': profile === 'upstream' ? ['ok', 'EBUSY'] : ['ok'],
    };
    const expected = Object.entries(answers).flatMap(([kind, codes]) =>
      codes.map((code) => `${kind} ${code}`),
    );
    expect(expected.filter((answer) => !seen.has(answer))).toEqual([]);
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
