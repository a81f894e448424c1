/**
 * Files per second and bytes per file for one number of files, with what they are compared to. Lives follow one another in
 * one process. The best of several runs is the one least disturbed; the median stands beside it.
 */
import type { Orchestrator } from '@luofleet/luo-engine';
import { lifeCycle, preserveAll, sessionCount, sync } from './life-cycle';
import {
  type BenchFile,
  type TokenOrder,
  tokensOf,
  type Workload,
  type Workshop,
} from './workload';

interface Figures {
  readonly bestMs: number;
  readonly medianMs: number;
}

/** Insert all, then delete all. */
function bareMap<K>(keys: readonly K[], values: readonly BenchFile[]): void {
  const map = new Map<K, BenchFile>();
  for (let i = 0; i < keys.length; i++) map.set(keys[i] as K, values[i] as BenchFile);
  for (let i = 0; i < keys.length; i++) map.delete(keys[i] as K);
  if (map.size !== 0) throw new Error('the map kept something');
}

/** The six callbacks of every file, with all that they make, and nobody between them. */
function callbacksAlone({ handler }: Workshop, { files }: Workload): void {
  const retrieved: BenchFile[] = [];
  for (const file of files) {
    if (handler.canPreserve(file) !== true) throw new Error('the handler refuses');
    const outgoing = { file, data: handler.preserve(file) as bigint, privateData: undefined };
    handler.freeze?.(outgoing);
    // The next runtime makes its own copy of the handle, from the record.
    const data = BigInt.asUintN(64, outgoing.data);
    retrieved.push(handler.retrieve({ data }) as BenchFile);
  }
  for (const file of retrieved) handler.finish({ file, data: file.handle, retrieveStatus: 1 });
}

/** Every object into one set, once: what holding plain files costs at least. */
function identities({ files }: Workload): void {
  const known = new Set<BenchFile>();
  for (const file of files) known.add(file);
  if (known.size !== files.length) throw new Error('two files are one object');
}

/**
 * Best and median time of one call, in runs long enough to measure. What a run works on is made before its clock starts.
 * Garbage is collected when the runtime sees fit and counts; a forced collection between runs would also throw compiled
 * code away.
 */
function measure<T>(count: number, prepare: () => T, run: (prepared: T) => void): Figures {
  const calls = Math.max(1, Math.ceil(50_000 / count));
  const runs = count >= 500_000 ? 5 : count >= 50_000 ? 9 : 15;
  const timesMs: number[] = [];
  globalThis.gc?.();
  for (let i = 0; i < runs + 2; i++) {
    const prepared = Array.from({ length: calls }, prepare);
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) run(prepared[call] as T);
    const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6 / calls;
    if (i >= 2) timesMs.push(elapsedMs);
  }
  timesMs.sort((a, b) => a - b);
  return { bestMs: timesMs[0] as number, medianMs: timesMs[timesMs.length >> 1] as number };
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1000) / ms);
}

function perFileNs(count: number, { bestMs }: Figures): number {
  return Math.round((bestMs * 1e6) / count);
}

/** Bytes the engine holds for each preserved file, and bytes of the handover region for each. */
function bytesPerFile(workshop: Workshop, tokens: readonly bigint[]) {
  const { length } = tokens;
  const copies = Math.ceil(200_000 / length);
  const works = Array.from({ length: copies }, () => workshop.workload(tokens));
  globalThis.gc?.();
  const before = process.memoryUsage();
  const held = works.map((work) => preserveAll(workshop, work));
  globalThis.gc?.();
  const after = process.memoryUsage();
  const used = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const region = sync((held[0] as Orchestrator<BenchFile>).freezeAll()).length;
  return { heap: Math.round(used / length / copies), region: Number((region / length).toFixed(1)) };
}

export function measureRow(workshop: Workshop, count: number, order: TokenOrder) {
  const tokens = tokensOf(count, order);
  const newWork = () => workshop.workload(tokens);
  const cycle = measure(count, newWork, (work) => lifeCycle(workshop, work));
  const work = newWork();
  workshop.take(work);
  const same = () => work;
  const mapBigint = measure(count, same, () => bareMap(tokens, work.files));
  const integers = tokens.map((_, i) => i);
  const mapInteger = measure(count, same, () => bareMap(integers, work.files));
  const callbacks = measure(count, same, () => callbacksAlone(workshop, work));
  const identity = measure(count, same, () => identities(work));
  const result = {
    files: count,
    tokens: order,
    sessions: sessionCount(count),
    filesPerSecond: perSecond(count, cycle.bestMs),
    filesPerSecondMedian: perSecond(count, cycle.medianMs),
    bytesPerFile: bytesPerFile(workshop, tokens),
    nsPerFile: {
      engine: perFileNs(count, cycle),
      callbacksAlone: perFileNs(count, callbacks),
      identityInsertion: perFileNs(count, identity),
      bareMap: perFileNs(count, mapBigint),
    },
    mapBigintKeysPerSecond: perSecond(count, mapBigint.bestMs),
    mapIntegerKeysPerSecond: perSecond(count, mapInteger.bestMs),
    ratioToMapBigintKeys: Number((mapBigint.bestMs / cycle.bestMs).toFixed(3)),
    ratioToMapIntegerKeys: Number((mapInteger.bestMs / cycle.bestMs).toFixed(3)),
  };
  process.stderr.write(`${JSON.stringify(result)}\n`);
  return result;
}
