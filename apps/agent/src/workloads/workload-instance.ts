// One process of a workload, as the agent sees it.
//
// Happy path: starting -> registered with its instructions stream open and `check` answered: serving -> quiesced ->
// serving again or ended.
// Unhappy paths: a stream that closes while the process runs is waited for (the workload reconnects); a process that ends
// answers every open instruction with "the process ended".
import type { ProcessIdentity } from './process-table';

export type Instruction = 'quiesce' | 'resume' | 'stop' | 'check';

export interface Answer {
  ok: boolean;
  reason: string;
}

export interface OfferedDescriptor {
  token: bigint;
  fd: number;
  name: string;
  /** The workload can make it anew where it can not be carried. */
  optional: boolean;
}

export type InstanceState = 'starting' | 'serving' | 'quiesced' | 'ended';

/** The open response of GET …/instructions. */
export interface InstructionStream {
  write(line: string): void;
  end(): void;
}

/** Resolves once the time for an answer is over. */
export const noAnswerTo = (instruction: Instruction, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    const late = () => resolve({ ok: false, reason: `no answer to ${instruction} in time` });
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
  });

interface Pending {
  id: number;
  instruction: Instruction;
  answer(answer: Answer): void;
}

export class WorkloadInstance {
  state: InstanceState = 'starting';
  /** Why it does not serve, as the workload or the agent put it. */
  detail = '';
  /** The process that registered: the one started, or one it started. */
  registeredPid: number | null = null;
  /** Offered under tokens, in the order they came. */
  readonly descriptors = new Map<bigint, OfferedDescriptor>();
  private stream: InstructionStream | null = null;
  private readonly pending = new Map<number, Pending>();
  private readonly endListeners: Array<(how: string) => void> = [];
  private nextId = 1;

  constructor(
    readonly workload: string,
    readonly id: string,
    readonly process: ProcessIdentity,
  ) {}

  /** The workload listens: unanswered instructions are sent (again). */
  attach(stream: InstructionStream): void {
    this.stream?.end();
    this.stream = stream;
    for (const pending of this.pending.values()) this.writeInstruction(pending);
  }

  detach(stream: InstructionStream): void {
    if (this.stream === stream) this.stream = null;
  }

  get isListening(): boolean {
    return this.stream !== null;
  }

  /**
   * Resolves with the workload's answer; an instruction given while nobody listens is sent when the stream opens.
   * `signal` takes it back: the answer is then its absence.
   */
  instruct(instruction: Instruction, signal?: AbortSignal): Promise<Answer> {
    if (this.state === 'ended') return Promise.resolve({ ok: false, reason: 'the process ended' });
    return new Promise((resolve) => {
      const id = this.nextId++;
      const onAbort = () => answer({ ok: false, reason: `no answer to ${instruction} in time` });
      const answer = (given: Answer) => {
        this.pending.delete(id);
        signal?.removeEventListener('abort', onAbort);
        resolve(given);
      };
      const pending = { id, instruction, answer };
      this.pending.set(id, pending);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else this.writeInstruction(pending);
    });
  }

  /** False when no instruction with this id is open. */
  answer(id: number, answer: Answer): boolean {
    const pending = this.pending.get(id);
    pending?.answer(answer);
    return pending !== undefined;
  }

  /** The process is gone. */
  ended(how: string): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.detail = how;
    this.stream?.end();
    this.stream = null;
    for (const { answer } of [...this.pending.values()]) {
      answer({ ok: false, reason: `the process ended: ${how}` });
    }
    for (const listener of this.endListeners) listener(how);
  }

  onEnded(listener: (how: string) => void): void {
    if (this.state === 'ended') listener(this.detail);
    else this.endListeners.push(listener);
  }

  private writeInstruction({ id, instruction }: Pending): void {
    this.stream?.write(`${JSON.stringify({ id, instruction })}\n`);
  }
}
