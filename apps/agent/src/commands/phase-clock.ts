import { isReadOnly, type AgentCommand } from '../model/command';
import { describeError, ReasonedError, reasonOf, type Reason } from '../model/reason';

/** How long a phase may go on after its signal: only to stop, or to undo what it has done. */
const GRACE_MS = { readOnly: 250, undoing: 15_000 };

/** The time of a phase whose command states none, and of what no command asked for. */
const UNSTATED_MS = 600_000;

/** A timer with more goes off at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The time a phase may take; its signal is aborted with a PhaseAborted. */
export class PhaseClock {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly graceMs: number;

  constructor({ phase, timeoutMs }: Pick<AgentCommand, 'phase' | 'timeoutMs'>) {
    this.graceMs = isReadOnly(phase) ? GRACE_MS.readOnly : GRACE_MS.undoing;
    const limitMs = timeoutMs === 0 ? UNSTATED_MS : Math.min(timeoutMs, TIMER_MAX_MS);
    const detail = `${phase} took longer than ${limitMs} ms`;
    this.timer = setTimeout(() => this.abort(reasonOf('TIMEOUT', detail)), limitMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason: Reason): void {
    this.controller.abort(new PhaseAborted(reason));
  }

  /** Resolves like `work`; but work that goes on after the signal as if there was none is not waited for. */
  async bound<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let grace: NodeJS.Timeout | undefined;
    let onAbort = () => {};
    const overdue = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        const { detail, ...reason } = abortReason(signal);
        const error = new PhaseAborted({ ...reason, detail: `${detail}, and does not end` });
        grace = setTimeout(() => reject(error), this.graceMs);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, overdue]);
    } finally {
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

/** The Reason an aborted signal carries. */
export const abortReason = ({ reason }: AbortSignal): Reason =>
  reason instanceof PhaseAborted ? reason.reason : reasonOf('TIMEOUT', describeError(reason));

/** Resolves like `work`, or rejects with the signal's Reason as soon as it is aborted. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new PhaseAborted(abortReason(signal)));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** A phase was ended from outside: out of time, or a rollback was asked. */
export class PhaseAborted extends ReasonedError {}
