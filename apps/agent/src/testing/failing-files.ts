// A file system that fails: every call of node:fs and node:fs/promises that changes something below one directory is counted,
// and may be made to fail. What is not below the directory, and reading, is left alone.
//
// A write that fails may have written a part before; a rename, truncation or sync that fails has done nothing. Use `restore`
// in afterEach. Node keeps some of these functions for itself when it first needs them, so what is put in their place goes on
// working after that.
import fs from 'node:fs';
import path from 'node:path';

/** What a disk that is full, broken, read-only, over quota answers. */
export const DISK_ERRNOS = { ENOSPC: 28, EIO: 5, EROFS: 30, EDQUOT: 122 } as const;

export type DiskErrno = keyof typeof DISK_ERRNOS;

export interface FailurePlan {
  /** Number of the call that fails first, from 1 on. */
  at: number;
  errno: DiskErrno;
  /** How many calls fail; for ever when absent. */
  times?: number;
  /** Writes that fail write half of it before. */
  isPartial?: boolean;
}

const BY_PATH = [
  'openSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
  'copyFileSync',
] as const;
const BY_FD = ['fsyncSync', 'fdatasyncSync', 'ftruncateSync'] as const;
const PROMISES = ['open', 'mkdir', 'rename', 'rm', 'unlink', 'copyFile', 'writeFile'] as const;

type AnyFunction = (...args: never[]) => unknown;

export class FailingFiles {
  /** Calls so far, as text: `3 renameSync /x`. */
  readonly calls: string[] = [];
  private plan: FailurePlan | null = null;
  private readonly fds = new Set<number>();
  private readonly undo: Array<() => void> = [];
  /** Functions of node:fs call each other through the module; only the outermost call counts. */
  private depth = 0;

  constructor(private readonly directory: string) {
    for (const name of BY_PATH) this.wrap(fs, name, (args) => this.isBelow(args[0]));
    for (const name of BY_FD) this.wrap(fs, name, (args) => this.fds.has(args[0] as number));
    this.wrap(
      fs,
      'writeSync',
      (args) => this.fds.has(args[0] as number),
      (real, [fd, data, offset, length]) => {
        const bytes = Buffer.from(data as Buffer).subarray(Number(offset ?? 0));
        const half = Math.floor(Math.min(Number(length ?? bytes.length), bytes.length) / 2);
        if (half > 0) real(fd as never, bytes as never, 0 as never, half as never);
      },
    );
    this.wrap(
      fs,
      'writeFileSync',
      (args) => this.isBelow(args[0]),
      (real, [file, data]) => real(file as never, firstHalf(data) as never),
    );
    for (const name of PROMISES) this.wrapPromise(name);
  }

  /** Counts from 1 again; null: everything works. */
  fail(plan: FailurePlan | null): void {
    this.plan = plan;
    this.calls.length = 0;
  }

  restore(): void {
    this.plan = null;
    for (const undo of this.undo.splice(0)) undo();
  }

  private isBelow(file: unknown): boolean {
    return typeof file === 'string' && path.resolve(file).startsWith(this.directory);
  }

  /** The error this call is to end with; undefined when it is to work. */
  private next(name: string, subject: unknown): NodeJS.ErrnoException | undefined {
    const number = this.calls.push(`${this.calls.length + 1} ${name} ${String(subject)}`);
    const { plan } = this;
    if (plan === null || number < plan.at) return undefined;
    if (plan.times !== undefined && number >= plan.at + plan.times) return undefined;
    const { errno: code } = plan;
    return Object.assign(new Error(`${code}: injected, ${name} '${String(subject)}'`), {
      ...{ code, errno: -DISK_ERRNOS[code], syscall: name },
    });
  }

  private wrap(
    holder: object,
    name: string,
    isOurs: (args: unknown[]) => boolean,
    doPart?: (real: AnyFunction, args: unknown[]) => void,
  ): void {
    this.replace(holder, name, (real) => (...args) => {
      const counts = this.depth === 0 && isOurs(args);
      const error = counts && !isReading(name, args) ? this.next(name, args[0]) : undefined;
      if (error !== undefined) {
        this.depth += 1;
        try {
          if (this.plan?.isPartial) doPart?.(real, args);
        } finally {
          this.depth -= 1;
        }
        throw error;
      }
      this.depth += 1;
      try {
        // Whether it really is on the disk no test can see, and waiting for that thousands of times takes minutes.
        const result = counts && name.endsWith('syncSync') ? undefined : real(...args);
        if (name === 'openSync' && counts) this.fds.add(result as number);
        return result;
      } finally {
        this.depth -= 1;
      }
    });
  }

  private wrapPromise(name: (typeof PROMISES)[number]): void {
    this.replace(fs.promises, name, (real) => async (...args) => {
      const counts = this.isBelow(args[0]) && !isReading(name, args);
      const error = counts ? this.next(`promises.${name}`, args[0]) : undefined;
      if (error !== undefined) {
        const isHalf = this.plan?.isPartial && name === 'writeFile';
        if (isHalf) await real(args[0] as never, firstHalf(args[1]) as never);
        throw error;
      }
      const result = await real(...args);
      if (name === 'open' && counts) this.wrapHandle(result as object, args[0]);
      return result;
    });
  }

  private replace(holder: object, name: string, by: (real: AnyFunction) => AnyFunction): void {
    const functions = holder as Record<string, AnyFunction>;
    const real = functions[name] as AnyFunction;
    functions[name] = by(real);
    this.undo.push(() => (functions[name] = real));
  }

  /** What is written through a FileHandle. */
  private wrapHandle(handle: object, file: unknown): void {
    for (const name of ['write', 'writeFile', 'sync', 'datasync', 'truncate']) {
      const real = (handle as Record<string, AnyFunction>)[name] as AnyFunction;
      (handle as Record<string, AnyFunction>)[name] = async (...args: never[]) => {
        const error = this.next(`handle.${name}`, file);
        if (error === undefined) return real.apply(handle, args);
        if (this.plan?.isPartial && name.startsWith('write'))
          await real.call(handle, firstHalf(args[0]) as never);
        throw error;
      };
    }
  }
}

/** Opening to read changes nothing. */
const isReading = (name: string, [, flags]: unknown[]): boolean =>
  (name === 'openSync' || name === 'open') && (flags === undefined || flags === 'r');

const firstHalf = (data: unknown): unknown =>
  typeof data === 'string'
    ? data.slice(0, data.length / 2)
    : (data as Uint8Array).subarray(0, (data as Uint8Array).length / 2);
