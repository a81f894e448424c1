import { useMemo, useState } from 'react';
import { useQueries, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import type { Page } from '@luofleet/contracts';
import type { PagedList } from '../api/queries';
import { extendChain, FIRST_PAGE, itemsOf } from './page-chain';

export interface PagedItems<Item> {
  /** What has come so far, in the order of the list. */
  readonly items: readonly Item[];
  /** Every page has come. */
  readonly complete: boolean;
  /** Nothing has come yet and nothing failed. */
  readonly loading: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** Reads a whole list page after page and keeps each page as a cached answer of its own. */
export function usePagedItems<Item extends { readonly id: string }>(
  list: PagedList<Item>,
): PagedItems<Item> {
  const client = useQueryClient();
  const listKey = list.key.join('\n');
  const [state, setState] = useState({ listKey, chain: FIRST_PAGE });
  const chain = state.listKey === listKey ? state.chain : FIRST_PAGE;

  const { pages, error } = useQueries({
    queries: chain.map((cursor) => ({
      queryKey: [...list.key, cursor],
      queryFn: ({ signal }: { signal: AbortSignal }) => list.fetchPage(cursor, signal),
      refetchInterval: list.refreshMs ?? (false as const),
    })),
    combine: combinePages<Item>,
  });

  const extended = extendChain(chain, pages);
  if (extended !== chain || state.listKey !== listKey) setState({ listKey, chain: extended });

  const items = useMemo(() => itemsOf(pages), [pages]);
  return {
    items,
    complete: pages.every((page) => page !== undefined) && extended === chain,
    loading: pages[0] === undefined && error === null,
    error,
    retry: () =>
      void client.refetchQueries({
        queryKey: list.key,
        predicate: ({ state: { status } }) => status === 'error',
      }),
  };
}

/** Stable, so that its result keeps its identity while no page changes. */
function combinePages<Item>(results: readonly UseQueryResult<Page<Item>>[]) {
  return {
    pages: results.map((result) => result.data),
    error: results.find((result) => result.error !== null)?.error ?? null,
  };
}
