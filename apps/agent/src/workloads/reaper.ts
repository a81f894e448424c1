// Reaps ended children that Node does not know: workloads that came through an execve, and orphans that the kernel gives to
// an agent that is process 1 (a container's). Node reaps what it has spawned itself, and must: the exit status is its own.
//
// Unhappy paths: a child of Node's that has ended and is still to be reaped by it stands before all others; the next look
// finds it gone. A leader whose threads are still ending is no ended child yet, and is one at a later look.
// Ordering: before anything is spawned, for what Node spawns is known from its announcement.
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { endedChild, reapChild } from '@luofleet/linux';

const INTERVAL_MS = 100;

const nodes = new Set<ChildProcess>();

subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess };
  nodes.add(child);
  child.once('exit', () => nodes.delete(child));
  child.once('error', () => child.pid === undefined && nodes.delete(child));
});

/** Reaps what has ended by now. */
export function reapStrangers(): void {
  for (let pid = endedChild(); pid !== undefined && !isNodes(pid); pid = endedChild()) {
    reapChild(pid);
  }
}

/** Reaps until this process ends; keeps no process alive. */
export function keepReaping(): void {
  setInterval(reapStrangers, INTERVAL_MS).unref();
}

const isNodes = (pid: number): boolean => [...nodes].some((child) => child.pid === pid);
