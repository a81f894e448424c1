import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';

/** Rows kept beside those in view, so that scrolling shows no gaps. */
const OVERSCAN = 12;

interface VirtualRowsProps {
  readonly count: number;
  readonly rowHeight: (index: number) => number;
  readonly rowKey: (index: number) => string;
  readonly renderRow: (index: number) => ReactNode;
  /** A row that must be in view, for the keyboard. */
  readonly revealRow?: number | undefined;
}

/** A long list in which only the rows in view are in the page. It scrolls with the page itself. */
export function VirtualRows({ count, rowHeight, rowKey, renderRow, revealRow }: VirtualRowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const top = frame.current?.getBoundingClientRect().top;
    if (top !== undefined) setOffset(Math.round(top + window.scrollY));
  });
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: rowHeight,
    getItemKey: rowKey,
    overscan: OVERSCAN,
    scrollMargin: offset,
  });
  useLayoutEffect(() => {
    if (revealRow !== undefined) virtualizer.scrollToIndex(revealRow, { align: 'auto' });
  }, [revealRow, virtualizer]);
  return (
    <div
      ref={frame}
      className="virtual-rows"
      role="presentation"
      style={{ height: virtualizer.getTotalSize() }}
    >
      {virtualizer.getVirtualItems().map(({ index, key, start, size }) => (
        <div
          key={key}
          role="presentation"
          className="virtual-row"
          style={{ height: size, transform: `translateY(${start - offset}px)` }}
        >
          {renderRow(index)}
        </div>
      ))}
    </div>
  );
}
