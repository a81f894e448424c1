import { extendChain, FIRST_PAGE, itemsOf } from './page-chain';

const page = (nextCursor: string | null, ...ids: string[]) => ({
  items: ids.map((id) => ({ id })),
  nextCursor,
});

describe('the chain of pages', () => {
  it('grows by the page that the last one names, and ends', () => {
    expect(extendChain(FIRST_PAGE, [undefined])).toBe(FIRST_PAGE);
    const two = extendChain(FIRST_PAGE, [page('b')]);
    expect(two).toEqual([null, 'b']);
    expect(extendChain(two, [page('b'), undefined])).toBe(two);
    expect(extendChain(two, [page('b'), page(null)])).toBe(two);
  });

  it('replaces what follows a page that names another successor', () => {
    const chain = [null, 'b', 'c'];
    expect(extendChain(chain, [page('x'), page('c'), page(null)])).toEqual([null, 'x']);
    expect(extendChain(chain, [page(null), page('c'), page(null)])).toEqual([null]);
  });

  it('shows an item that two pages have once', () => {
    expect(itemsOf([page('b', '1', '2'), undefined, page(null, '2', '3')])).toEqual([
      { id: '1' },
      { id: '2' },
      { id: '3' },
    ]);
  });
});
