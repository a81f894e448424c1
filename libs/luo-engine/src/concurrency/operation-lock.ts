import { LuoError, type LuoOperation, type LuoSubject } from '../errors/luo-error';
import { drive, type Step } from './step';

/**
 * One operation at a time, in the order asked: the session mutex of the kernel. An operation that finds the
 * lock free and waits for nothing runs and answers synchronously; one that finds it held is queued.
 *
 * A handler that calls back into the object whose operation it serves would wait for itself. From a
 * synchronous callback that is recognised and refused with EDEADLK; an asynchronous one must not do it.
 */
export class OperationLock {
  #entered = false;
  #tail: Promise<unknown> | null = null;

  /** True while an operation waits for a handler or is queued. */
  get busy(): boolean {
    return this.#tail !== null;
  }

  /** Settles, never rejects, when the operations known now are over. */
  idle(): Promise<unknown> {
    return this.#tail ?? Promise.resolve();
  }

  /** Runs a step as the one operation of this lock. */
  run<T>(operation: LuoOperation, subject: LuoSubject, step: Step<T>): T | Promise<T> {
    return this.call(operation, subject, () => drive(step));
  }

  /** The same for an operation that is no step. */
  call<T>(operation: LuoOperation, subject: LuoSubject, run: () => T | Promise<T>): T | Promise<T> {
    if (!this.enter(operation, subject)) return this.queue(run);
    return this.hold(this.#leaveAfter(run));
  }

  /**
   * Enters for an operation that runs at once; false when it must be queued. For operations so frequent that a closure
   * for each shows: `if (!lock.enter(…)) return lock.queue(…); try { return lock.hold(…); } finally { lock.leave(); }`
   */
  enter(operation: LuoOperation, subject: LuoSubject): boolean {
    if (this.#entered) {
      throw new LuoError(
        'EDEADLK',
        operation,
        subject,
        'a handler called back into its own caller',
      );
    }
    if (this.#tail !== null) return false;
    this.#entered = true;
    return true;
  }

  /** The synchronous part is over. */
  leave(): void {
    this.#entered = false;
  }

  /** Keeps others waiting while the result is a promise that is not settled. */
  hold<T>(result: T | Promise<T>): T | Promise<T> {
    return result instanceof Promise ? this.#holdUntil(result) : result;
  }

  /** Runs when all that was asked before is over. */
  queue<T>(run: () => T | Promise<T>): Promise<T> {
    return this.#holdUntil(
      this.idle().then(() => {
        this.#entered = true;
        return this.#leaveAfter(run);
      }),
    );
  }

  #leaveAfter<T>(run: () => T | Promise<T>): T | Promise<T> {
    try {
      return run();
    } finally {
      this.leave();
    }
  }

  #holdUntil<T>(result: Promise<T>): Promise<T> {
    const settled: Promise<void> = result.then(
      () => this.#release(settled),
      () => this.#release(settled),
    );
    this.#tail = settled;
    return result;
  }

  #release(settled: Promise<unknown>): void {
    if (this.#tail === settled) this.#tail = null;
  }
}
