import type { Backend } from '../backend/backend';
import type { AgentCommand, AgentResult, PhaseEnd } from '../model/command';

/** Makes results out of ends: when, and on what, a phase ended. */
export class Results {
  constructor(
    private readonly backend: Backend,
    private readonly incarnationId: string,
  ) {}

  of(command: AgentCommand, end: PhaseEnd, startedAtMs: number): AgentResult {
    return { ...this.timed(end, startedAtMs), key: command.key, phase: command.phase };
  }

  timed(end: PhaseEnd, startedAtMs: number): Omit<AgentResult, 'key' | 'phase'> {
    const { running, bootId } = this.backend;
    return {
      ...end,
      startedAtMs,
      finishedAtMs: Date.now(),
      runningVersion: running.version,
      bootId,
      incarnationId: this.incarnationId,
    };
  }
}
