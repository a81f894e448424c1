/**
 * DOC: isolation
 *
 * Purpose: one member of a batch that can not be stored costs itself, never the others.
 *
 * Happy path: whoever stores a batch tries it whole, without this.
 *
 * Unhappy path: the batch is refused: it is stored again in here, halved until each refused member stands alone. Of n
 * members with k bad ones that takes some 2 k log2(n) statements.
 */
import type { UnitOfWork } from './unit-of-work';
import type { UnstorableError } from './unstorable.error';

export interface Refused<Item> {
  readonly item: Item;
  readonly why: UnstorableError;
}

/** Stores what can be stored. Returns the members that can not, with why. */
export async function storeEach<Item>(
  unit: UnitOfWork,
  items: readonly Item[],
  store: (items: readonly Item[]) => Promise<unknown>,
): Promise<Refused<Item>[]> {
  const [item] = items;
  if (item === undefined) return [];
  const why = await unit.attempt(() => store(items));
  if (why === null) return [];
  if (items.length === 1) return [{ item, why }];
  const half = Math.ceil(items.length / 2);
  return [
    ...(await storeEach(unit, items.slice(0, half), store)),
    ...(await storeEach(unit, items.slice(half), store)),
  ];
}
