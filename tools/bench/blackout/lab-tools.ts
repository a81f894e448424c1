// The kernel lab's modules, loaded from their place: they find their own files by it, so they can not be bundled.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Machine {
  readonly pid: number;
  readonly console: string;
  readonly tail: string;
  readonly outDirectory: string;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  stop(): Promise<void>;
  waitForConsole(pattern: RegExp, from?: number): Promise<RegExpExecArray>;
}

export interface Lab {
  readonly directory: string;
  readonly kernels: { a: { path: string; release: string; sha256: string } };
  boot(options: { name: string; appDirectory: string; onConsole(text: string): void }): Machine;
  close(): Promise<void>;
}

type Note = (text: string) => void;

export interface LabTools {
  openLab(options: { note: Note }): Promise<Lab>;
  kernelCommandLine(switches?: string): string;
  ensurePackages(names: readonly string[], note: Note): Promise<void>;
  build(): Promise<void>;
  /** Null, or why there is no program. */
  compileNative(source: string, target: string): string | null;
}

const load = (file: string): Promise<Partial<LabTools>> =>
  import(pathToFileURL(path.resolve('tools', file)).href) as Promise<Partial<LabTools>>;

/** Needs the workspace as working directory, as the bench command sets it. */
export async function labTools(): Promise<LabTools> {
  const modules = await Promise.all(
    [
      'kernel-lab/lab.mjs',
      'kernel-lab/machine.mjs',
      'kernel-lab/prerequisites.mjs',
      'bootstrap/build.mjs',
      'build/compile-native.mjs',
    ].map(load),
  );
  return Object.assign({}, ...modules) as LabTools;
}
