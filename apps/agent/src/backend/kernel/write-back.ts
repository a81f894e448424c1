// Writes back what all programs have left to the disks: a kexec does not.
//
// Happy path: a child does it, long before and once more right before the kexec.
// Unhappy paths: a disk that hangs holds the child, and this agent gives up on it at its limit; the child ends when the disk
// does. A host that has no such program gets it from this process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeOnExecFrom, syncFileSystems } from '@luofleet/linux';
import { limited } from '@luofleet/platform/clock';

/** Rejects when it is not done within the limit, or the signal is aborted. */
export async function writeBack(
  limitMs: number,
  interrupt: AbortSignal,
  [program, ...args]: readonly [string, ...string[]] = ['sync'],
): Promise<void> {
  // What is preserved is for no child.
  closeOnExecFrom(3);
  const child = spawn(program, args, { stdio: 'ignore' });
  child.unref();
  try {
    const [code] = await limited(limitMs, (signal) => once(child, 'exit', { signal }), interrupt);
    if (code !== 0) throw new Error(`${program} ended with ${String(code)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return syncFileSystems();
    child.kill('SIGKILL');
    throw new Error('the file systems are not written back', { cause: error });
  }
}
