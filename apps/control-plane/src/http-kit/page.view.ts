import type { Page } from '@luofleet/contracts';
import type { Slice } from '@luofleet/persistence';

/** A page as answers write it. */
export function pageView<Item, View>(slice: Slice<Item>, view: (item: Item) => View): Page<View> {
  return { items: slice.items.map(view), nextCursor: slice.nextCursor };
}
