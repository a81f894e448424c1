import { useCallback, useState } from 'react';

/** Width of an element as it changes, and the ref to put on it. 0 until it is laid out. */
export function useWidth(): readonly [
  (element: HTMLElement | null) => void,
  number,
  HTMLElement | null,
] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  const ref = useCallback((next: HTMLElement | null) => {
    setElement(next);
    if (next === null) return undefined;
    setWidth(next.clientWidth);
    const observer = new ResizeObserver(() => setWidth(next.clientWidth));
    observer.observe(next);
    return () => observer.disconnect();
  }, []);
  return [ref, width, element];
}
