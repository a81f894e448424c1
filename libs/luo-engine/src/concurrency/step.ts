/**
 * DOC: operations that may have to wait
 *
 * Handlers answer at once or with a promise. An engine operation is written once, as a generator that yields the
 * promises it must wait for, and runs without any while there are none. Operations on one object are kept
 * apart by an `OperationLock`, in the order they were asked for.
 *
 * Unhappy path: a rejected promise is thrown into the generator where it waits, so one `catch` serves both ways.
 */
/** A value, or a promise of it when a handler had to wait. `await` serves both. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * One engine operation: a generator that yields only what it must wait for. Driven by {@link drive} it
 * creates no promise at all as long as every handler answers at once.
 */
export type Step<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** True when a handler answered with a promise. */
export function isPending<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Runs a step to its end: answers at once, or with a promise from the first wait on. */
export function drive<T>(step: Step<T>): T | Promise<T> {
  const first = step.next();
  return first.done === true ? first.value : resume(step, first.value);
}

/** Continues a step that waits for `pending`. */
export async function resume<T>(step: Step<T>, pending: PromiseLike<unknown>): Promise<T> {
  let waitingFor = pending;
  for (;;) {
    let answer: unknown;
    let failed = false;
    try {
      answer = await waitingFor;
    } catch (error) {
      answer = error;
      failed = true;
    }
    const next = failed ? step.throw(answer) : step.next(answer);
    if (next.done === true) return next.value;
    waitingFor = next.value;
  }
}
