import fc from 'fast-check';
import { HeldIdentities, PreservableObject } from './preservable-object';

class Marked extends PreservableObject {}

/** Two engines, and the tables that they must agree with. */
const ENGINES = 2;

function newIdentities(): unknown[] {
  const inheritsWithoutMark: unknown = Object.create(Marked.prototype);
  return [new Marked(), new Marked(), {}, 'dev:1', 7n, 7, null, undefined, inheritsWithoutMark];
}

const operation = fc.record({
  engine: fc.nat(ENGINES - 1),
  identity: fc.nat(newIdentities().length - 1),
  adds: fc.boolean(),
  isTold: fc.boolean(),
});

it('holds what a table would hold, whatever other engines hold', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const identities = newIdentities();
      const engines = Array.from({ length: ENGINES }, () => new HeldIdentities());
      const tables = engines.map(() => new Set<unknown>());
      for (const { engine, identity, adds, isTold } of operations) {
        const held = engines[engine] as HeldIdentities;
        const table = tables[engine] as Set<unknown>;
        const subject = identities[identity];
        if (adds) expect(held.add(subject, isTold)).toBe(!table.has(subject));
        else held.delete(subject);
        if (adds) table.add(subject);
        else table.delete(subject);
        expect(held.size).toBe(table.size);
      }
    }),
  );
});

it.each([
  ['a marked file', new Marked(), false, 0],
  ['a marked object that its handler tells', new Marked(), true, 1],
  ['a plain file', {}, false, 1],
])('puts %s into the table or not', (_what, identity, isTold, entries) => {
  const add = jest.spyOn(Set.prototype, 'add');
  new HeldIdentities().add(identity, isTold);
  const calls = add.mock.calls.length;
  add.mockRestore();
  expect(calls).toBe(entries);
});
