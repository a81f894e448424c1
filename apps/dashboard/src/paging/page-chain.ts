import type { Page } from '@luofleet/contracts';

/** Cursors of the pages of a list in order; the first page has none. */
export type PageChain = readonly (string | null)[];

export const FIRST_PAGE: PageChain = [null];

/**
 * The chain that the pages read so far call for. A page names the cursor of the next one, so the chain grows by one
 * page as soon as the last has come; when a page read again names another successor (items were added or have gone),
 * everything after it is replaced. Gives `chain` itself when nothing changes.
 */
export function extendChain<Item>(
  chain: PageChain,
  pages: readonly (Page<Item> | undefined)[],
): PageChain {
  for (const [index, page] of pages.entries()) {
    if (page === undefined) return chain;
    const successor = chain[index + 1];
    if (page.nextCursor === (successor ?? null)) continue;
    const kept = chain.slice(0, index + 1);
    return page.nextCursor === null ? kept : [...kept, page.nextCursor];
  }
  return chain;
}

/** Items of the pages in order, each once: while pages are read again, neighbours may overlap for a moment. */
export function itemsOf<Item extends { readonly id: string }>(
  pages: readonly (Page<Item> | undefined)[],
): Item[] {
  const byId = new Map<string, Item>();
  for (const page of pages) for (const item of page?.items ?? []) byId.set(item.id, item);
  return [...byId.values()];
}
