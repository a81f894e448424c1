import type { AgentCommand } from '../model/command';
import { describeError, ReasonedError, reasonOf, type Reason } from '../model/reason';

/** The time a phase may take; its signal is aborted with a PhaseAborted. */
export class PhaseClock {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor({ phase, timeoutMs }: Pick<AgentCommand, 'phase' | 'timeoutMs'>) {
    if (timeoutMs === 0) return;
    const detail = `${phase} took longer than ${timeoutMs} ms`;
    this.timer = setTimeout(() => this.abort(reasonOf('TIMEOUT', detail)), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason: Reason): void {
    this.controller.abort(new PhaseAborted(reason));
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
