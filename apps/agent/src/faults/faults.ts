// Fault injection for tests of unhappy paths; on only when the configuration has `faults:`.
//
// Each fault strikes a stated number of times over all restarts of the agent: what has struck is written to a file
// before it strikes, otherwise an agent killed at a point would be killed there again for ever.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { phaseNames } from '../model/command';

export interface FaultSettings {
  /** Freeze of this workload's token fails with this errno. */
  freeze?: Array<{ workload: string; token: bigint; errno: string; times: number }>;
  /** execve is asked for a file that does not exist (ENOENT) or may not be executed (EACCES). */
  execve?: { errno: 'ENOENT' | 'EACCES'; times: number };
  /** The next kernel is staged with this command line, which nobody has checked. */
  stageCommandLine?: { line: string; times: number };
  /** The staged kernel is dropped right before the kexec, which then answers EINVAL. */
  dropStagedKernel?: { times: number };
  /** Finish is refused so many times. */
  refuseFinish?: { times: number };
  /** SIGKILL to itself at a kill point. */
  killAt?: Array<{ point: string; times: number }>;
  /** SIGTERM to itself at a kill point. */
  stopAt?: Array<{ point: string; times: number }>;
}

/**
 * Around every phase: `before` (accepted, not started), `journaled` (started, nothing done), `acted` (done, not in the
 * journal), `after` (in the journal, not reported). Inside: see the list.
 */
export const killPoints: readonly string[] = [
  ...phaseNames.flatMap((phase) =>
    ['before', 'journaled', 'acted', 'after'].map((at) => `${at}:${phase}`),
  ),
  'reboot:crossed',
  'reboot:arrived',
  'retrieve:deserialized',
  'retrieve:spawned',
  'retrieve:settled',
];

export class Faults {
  constructor(
    private readonly settings: FaultSettings = {},
    private readonly file: string | null = null,
  ) {}

  /** Ends this process with SIGKILL, or sends it SIGTERM, when that is configured for `point`. */
  point(point: string): void {
    if (this.strikesAt(point, 'stop')) process.kill(process.pid, 'SIGTERM');
    if (!this.strikesAt(point, 'kill')) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal is delivered when the kernel returns to this thread; nothing after this point may be seen.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  /** Errno with which the freeze of this file is to fail. */
  freezeErrno(workload: string, token: bigint): string | undefined {
    const fault = this.settings.freeze?.find(
      (candidate) => candidate.workload === workload && candidate.token === token,
    );
    if (fault === undefined) return undefined;
    return this.strike(`freeze ${workload} ${token}`, fault.times) ? fault.errno : undefined;
  }

  execveErrno(): 'ENOENT' | 'EACCES' | undefined {
    const fault = this.settings.execve;
    if (fault === undefined) return undefined;
    return this.strike('execve', fault.times) ? fault.errno : undefined;
  }

  /** The command line to stage instead of the release's. */
  stagedCommandLine(): string | undefined {
    const fault = this.settings.stageCommandLine;
    if (fault === undefined) return undefined;
    return this.strike('stage command line', fault.times) ? fault.line : undefined;
  }

  dropsStagedKernel(): boolean {
    const fault = this.settings.dropStagedKernel;
    return fault !== undefined && this.strike('drop staged kernel', fault.times);
  }

  refusesFinish(): boolean {
    const fault = this.settings.refuseFinish;
    return fault !== undefined && this.strike('finish', fault.times);
  }

  private strikesAt(point: string, what: 'kill' | 'stop'): boolean {
    const fault = this.settings[`${what}At`]?.find((candidate) => candidate.point === point);
    return fault !== undefined && this.strike(`${what} ${point}`, fault.times);
  }

  private strike(name: string, times: number): boolean {
    const struck = this.struck();
    const count = struck[name] ?? 0;
    if (count >= times) return false;
    struck[name] = count + 1;
    if (this.file === null) this.memory = struck;
    else {
      try {
        writeFileSync(`${this.file}.next`, JSON.stringify(struck));
        renameSync(`${this.file}.next`, this.file);
      } catch {
        // One that is not written down would strike without an end.
        return false;
      }
    }
    return true;
  }

  private memory: Record<string, number> = {};

  private struck(): Record<string, number> {
    if (this.file === null) return this.memory;
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, number>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
  }
}
