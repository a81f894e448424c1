import { useSyncExternalStore } from 'react';

/** One clock for all ages on a page, so that they tick together and cost one timer. */
const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function current(): number {
  if (timer === undefined) nowMs = Date.now();
  return Math.floor(nowMs / TICK_MS) * TICK_MS;
}

/** The present, to the second. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribe, current);
}
