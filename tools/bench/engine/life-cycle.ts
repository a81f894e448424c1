/** All six steps of the engine benchmark: preserve, freeze, serialise; deserialise, retrieve, finish. */
import { createHandoverMemory, Orchestrator, type Session } from '@luofleet/luo-engine';
import { type BenchFile, tokensOf, type Workload, type Workshop } from './workload';

const FILES_PER_SESSION_MAX = 630_000;

export function sessionCount(count: number): number {
  return Math.ceil(count / FILES_PER_SESSION_MAX);
}

/** Which files go to which session: consecutive slices. */
function slices(count: number): { name: string; from: number; to: number }[] {
  const sessions = sessionCount(count);
  const size = Math.ceil(count / sessions);
  return Array.from({ length: sessions }, (_, i) => {
    return { name: `bench-${i}`, from: i * size, to: Math.min(count, (i + 1) * size) };
  });
}

export function sync<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('the synchronous path made a promise');
  return value;
}

export function preserveAll(
  workshop: Workshop,
  { files, tokens }: Workload,
): Orchestrator<BenchFile> {
  const orchestrator = new Orchestrator<BenchFile>({ memory: workshop.newMemory() });
  orchestrator.registerHandler(workshop.handler);
  const device = orchestrator.open();
  for (const { name, from, to } of slices(files.length)) {
    const session = device.createSession(name);
    for (let i = from; i < to; i++)
      sync(session.preserve(tokens[i] as bigint, files[i] as BenchFile));
  }
  return orchestrator;
}

function restoreAll(workshop: Workshop, region: Uint8Array, { files, tokens }: Workload): void {
  const memory = createHandoverMemory({ incoming: region });
  const orchestrator = new Orchestrator<BenchFile>({ memory });
  orchestrator.registerHandler(workshop.handler);
  const device = orchestrator.open();
  const sessions: Session<BenchFile>[] = [];
  for (const { name, from, to } of slices(files.length)) {
    const session = device.retrieveSession(name);
    for (let i = from; i < to; i++) sync(session.retrieve(tokens[i] as bigint));
    sessions.push(session);
  }
  for (const session of sessions) {
    sync(session.finish());
    sync(session.close());
  }
  if (memory.restorableCount !== 0) throw new Error('handover pages were left behind');
}

/** All six steps, once. */
export function lifeCycle(workshop: Workshop, work: Workload): void {
  workshop.take(work);
  restoreAll(workshop, sync(preserveAll(workshop, work).freezeAll()), work);
}

/**
 * A few files that stay preserved and retrieved throughout, as in any agent that runs. Without a living engine the
 * runtime drops the compiled code with the last object of its kind, and the next run would measure compilation.
 */
export function residents(workshop: Workshop): unknown[] {
  const tokens = tokensOf(64, 'spread');
  const work = workshop.workload(tokens);
  workshop.take(work);
  const outgoing = preserveAll(workshop, work);
  const region = sync(preserveAll(workshop, workshop.workload(tokens)).freezeAll()).slice();
  const incoming = new Orchestrator<BenchFile>({
    memory: createHandoverMemory({ incoming: region }),
  });
  incoming.registerHandler(workshop.handler);
  const session = incoming.open().retrieveSession('bench-0');
  return [outgoing, incoming, session, ...tokens.map((token) => sync(session.retrieve(token)))];
}
