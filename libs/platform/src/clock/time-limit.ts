/**
 * Resolves or rejects like `work`, or rejects with what `late` makes once `limitMs` are over. Work that is late goes on,
 * and nobody hears of its end.
 */
export async function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when all of this has ended, well or not, or once `limitMs` are over: for a stop, which waits for nobody longer. */
export async function settledWithin(
  limitMs: number,
  work: readonly Promise<unknown>[],
): Promise<void> {
  const late = new Error('late');
  await within(limitMs, Promise.allSettled(work), () => late).catch(() => undefined);
}
