/**
 * One child process of a test.
 *
 * Purpose: start a program of ours, keep its output in a file, know when it ends, stop it by its own pid.
 * Happy path: start -> (ready line) -> stop.
 * Unhappy paths: a program that ends before it is ready rejects with the tail of its log; stop escalates to SIGKILL
 * after ten seconds.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ManagedProcessOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly cwd?: string;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ManagedProcess {
  readonly ended: Promise<ProcessEnd>;
  private end: ProcessEnd | undefined;
  private readonly lines: string[] = [];
  private readonly lineWaiters = new Set<() => void>();

  private constructor(
    private readonly child: ChildProcess,
    readonly options: ManagedProcessOptions,
  ) {
    const log = createWriteStream(options.logFile, { flags: 'a' });
    child.stderr?.pipe(log, { end: false });
    if (child.stdout) {
      child.stdout.pipe(log, { end: false });
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.lines.push(line);
        this.lineWaiters.forEach((wake) => wake());
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.end = { code, signal };
        this.lineWaiters.forEach((wake) => wake());
        resolve(this.end);
      });
    });
  }

  static start(options: ManagedProcessOptions): ManagedProcess {
    const [program, ...args] = options.command;
    if (!program) throw new Error(`${options.name}: empty command`);
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ManagedProcess(child, options);
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`${this.options.name} did not start`);
    return pid;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  /** The first line of stdout, from `fromLine` on, for which `match` gives a value. */
  async line<T>(match: (line: string) => T | undefined, timeoutMs = 30_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.lineWaiters.delete(look);
        reject(
          new Error(`${this.options.name}: no such line in ${timeoutMs} ms\n${this.logTail()}`),
        );
      }, timeoutMs);
      let next = 0;
      const look = (): void => {
        for (; next < this.lines.length; next += 1) {
          const value = match(this.lines[next] ?? '');
          if (value !== undefined) {
            clearTimeout(timer);
            this.lineWaiters.delete(look);
            resolve(value);
            return;
          }
        }
        if (this.end) {
          clearTimeout(timer);
          this.lineWaiters.delete(look);
          reject(
            new Error(
              `${this.options.name} ended (${this.end.code ?? this.end.signal})\n${this.logTail()}`,
            ),
          );
        }
      };
      this.lineWaiters.add(look);
      look();
    });
  }

  logTail(characters = 4_000): string {
    try {
      return readFileSync(this.options.logFile, 'utf8').slice(-characters);
    } catch {
      return '';
    }
  }

  /** SIGKILL, at once; resolves when the process is gone. */
  async kill(): Promise<ProcessEnd> {
    if (this.running) this.child.kill('SIGKILL');
    return this.ended;
  }

  /** Hangs: alive, its connections open, and silent. Undone by `thaw`. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<ProcessEnd> {
    if (!this.running) return this.ended;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }
}
