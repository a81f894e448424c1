// Lets the backend act, one phase at a time, each within its time.
//
// Happy path: the phase ends by itself.
// Unhappy paths: a phase that does not end in its time is given up all the same, and nothing it does later counts. What it may
// still be changing is left alone by the phases after it until it has ended, or until their own time is over.
// Ordering: once `stop` was called, every phase under way or to come has its signal aborted.
import { isReadOnly, type AgentCommand } from '../model/command';
import { reasonOf, type Reason } from '../model/reason';
import { PhaseClock, untilAborted } from './phase-clock';

type TimedPhase = Pick<AgentCommand, 'phase' | 'timeoutMs'> & { key?: string };

export class PhaseRunner {
  private running: { phase: TimedPhase; clock: PhaseClock } | null = null;
  private stopReason: Reason | null = null;
  /** Work of phases that were not waited for to their end. */
  private hanging: Promise<unknown> = Promise.resolve();

  /** The phase that may act now; the same object that it was run with. */
  get current(): TimedPhase | null {
    return this.running?.phase ?? null;
  }

  /** Rejects with PhaseAborted when the phase is given up. */
  async run<T>(phase: TimedPhase, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const clock = new PhaseClock(phase);
    const { signal } = clock;
    this.running = { phase, clock };
    if (this.stopReason !== null) clock.abort(this.stopReason);
    try {
      if (isReadOnly(phase.phase)) return await clock.bound(act(signal));
      await untilAborted(signal, this.hanging);
      const work = act(signal);
      this.hanging = work.catch(() => undefined);
      return await clock.bound(work);
    } finally {
      clock.stop();
      this.running = null;
    }
  }

  abort(reason: Reason): void {
    this.running?.clock.abort(reason);
  }

  /** The agent ends: what is under way, and what still has to follow from it, may only stop or undo. */
  stop(graceMs: number): void {
    const { phase, key = '' } = this.current ?? {};
    const detail = `the agent was told to stop, and ${phase ?? 'what it did'} did not end within ${graceMs} ms`;
    this.stopReason = reasonOf('AGENT_STOPPING', detail, { subject: key });
    this.abort(this.stopReason);
  }
}

/** Why a reboot does not cross. */
export const stoppedBefore = (subject: string): Reason => {
  const detail = 'the agent was told to stop before the point of no return';
  return reasonOf('AGENT_STOPPING', detail, { subject });
};
