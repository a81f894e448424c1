/**
 * DOC: the engine benchmark
 *
 * Files through all six steps (preserve, freeze, serialise, deserialise, retrieve, finish) with a synchronous handler
 * that does nothing, in the `upstream` profile. A session holds 630,000 files, so a million take two sessions; the
 * number of sessions is in the result. Files, tokens and handles exist before the clock starts. All is measured with
 * tokens in two orders.
 *
 * The yardstick is a bare `Map` that takes the same number of entries and then loses them one by one, with the
 * same bigint tokens as keys, and once more with small integers, the cheapest keys there are. What no engine can do
 * without is measured too: the callbacks alone, and one `Set` insertion of each object, by which an object is preserved
 * only once.
 *
 * Every figure is the best of several runs: on a shared machine the best is the one least disturbed. The median
 * is given beside it.
 */
import {
  createHandoverMemory,
  Orchestrator,
  type FileHandler,
  type Session,
} from '@luofleet/luo-engine';

interface BenchFile {
  readonly handle: bigint;
}

interface Workload {
  readonly files: readonly BenchFile[];
  readonly tokens: readonly bigint[];
}

interface Figures {
  readonly bestMs: number;
  readonly medianMs: number;
}

const FILES_PER_SESSION_MAX = 630_000;
const COUNTS = [128, 1_000, 10_000, 100_000, 1_000_000] as const;
const DOUBLINGS_FROM = 1_024;
const DOUBLINGS_TO = 1_048_576;
/**
 * Tokens by position: ascending, as agents, systemd and the kernel's own tests number their files; and spread over the
 * whole u64, as hashed names would be.
 */
const TOKENS = {
  ascending: (position: number) => BigInt(position),
  spread: (position: number) => BigInt.asUintN(64, BigInt(position) * 0x9e37_79b9_7f4a_7c15n),
};
type TokenOrder = keyof typeof TOKENS;

const handler: FileHandler<BenchFile> = {
  compatible: 'bench-v1',
  canPreserve: () => true,
  preserve: (file) => file.handle,
  unpreserve: () => undefined,
  freeze: () => undefined,
  retrieve: ({ data }) => ({ handle: data }),
  finish: () => undefined,
};

function newFiles(count: number): BenchFile[] {
  return Array.from({ length: count }, (_, i) => ({ handle: BigInt(i + 1) << 12n }));
}

function workload(count: number, order: TokenOrder): Workload {
  const files = newFiles(count);
  return { files, tokens: files.map((_, i) => TOKENS[order](i + 1)) };
}

function sessionCount(count: number): number {
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

function sync<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('the synchronous path made a promise');
  return value;
}

function preserveAll({ files, tokens }: Workload): Orchestrator<BenchFile> {
  const orchestrator = new Orchestrator<BenchFile>({ memory: createHandoverMemory() });
  orchestrator.registerHandler(handler);
  const device = orchestrator.open();
  for (const { name, from, to } of slices(files.length)) {
    const session = device.createSession(name);
    for (let i = from; i < to; i++)
      sync(session.preserve(tokens[i] as bigint, files[i] as BenchFile));
  }
  return orchestrator;
}

function restoreAll(region: Uint8Array, { files, tokens }: Workload): void {
  const memory = createHandoverMemory({ incoming: region });
  const orchestrator = new Orchestrator<BenchFile>({ memory });
  orchestrator.registerHandler(handler);
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

/**
 * A few files that stay preserved and retrieved throughout, as in any agent that runs. Without a living engine the
 * runtime drops the compiled code with the last object of its kind, and the next run would measure compilation.
 */
function residents(): unknown[] {
  const work = workload(64, 'spread');
  const outgoing = preserveAll(work);
  const region = sync(preserveAll(work).freezeAll());
  const incoming = new Orchestrator<BenchFile>({
    memory: createHandoverMemory({ incoming: region }),
  });
  incoming.registerHandler(handler);
  const session = incoming.open().retrieveSession('bench-0');
  return [
    outgoing,
    incoming,
    session,
    ...work.tokens.map((token) => sync(session.retrieve(token))),
  ];
}

/** All six steps, once. */
function lifeCycle(work: Workload): void {
  restoreAll(sync(preserveAll(work).freezeAll()), work);
}

/** Insert all, then delete all. */
function bareMap<K>(keys: readonly K[], values: readonly BenchFile[]): void {
  const map = new Map<K, BenchFile>();
  for (let i = 0; i < keys.length; i++) map.set(keys[i] as K, values[i] as BenchFile);
  for (let i = 0; i < keys.length; i++) map.delete(keys[i] as K);
  if (map.size !== 0) throw new Error('the map kept something');
}

/** The six callbacks of every file, with all that they make, and nobody between them. */
function callbacksAlone({ files }: Workload): void {
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

/** Every object into one set, once. */
function identities({ files }: Workload): void {
  const known = new Set<BenchFile>();
  for (const file of files) known.add(file);
  if (known.size !== files.length) throw new Error('two files are one object');
}

/**
 * Best and median time of one call, in runs long enough to measure. Garbage is collected when the runtime sees fit and
 * counts; a forced collection between runs would also throw compiled code away.
 */
function measure(count: number, run: () => void): Figures {
  const calls = Math.max(1, Math.ceil(50_000 / count));
  const runs = count >= 500_000 ? 5 : count >= 50_000 ? 9 : 15;
  const timesMs: number[] = [];
  globalThis.gc?.();
  for (let i = 0; i < runs + 2; i++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) run();
    const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6 / calls;
    if (i >= 2) timesMs.push(elapsedMs);
  }
  timesMs.sort((a, b) => a - b);
  return { bestMs: timesMs[0] as number, medianMs: timesMs[timesMs.length >> 1] as number };
}

function round(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1000) / ms);
}

function perFileNs(count: number, { bestMs }: Figures): number {
  return Math.round((bestMs * 1e6) / count);
}

/** Bytes the engine holds for each preserved file, and bytes of the handover region for each. */
function bytesPerFile(work: Workload): { heap: number; region: number } {
  const { length } = work.files;
  const copies = Math.ceil(200_000 / length);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const held = Array.from({ length: copies }, () => preserveAll(work));
  globalThis.gc?.();
  const after = process.memoryUsage();
  const used = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const region = sync((held[0] as Orchestrator<BenchFile>).freezeAll()).length;
  return { heap: Math.round(used / length / copies), region: round(region / length, 1) };
}

function row(count: number, order: TokenOrder) {
  const work = workload(count, order);
  const cycle = measure(count, () => lifeCycle(work));
  const mapBigint = measure(count, () => bareMap(work.tokens, work.files));
  const integers = work.files.map((_, i) => i);
  const mapInteger = measure(count, () => bareMap(integers, work.files));
  const callbacks = measure(count, () => callbacksAlone(work));
  const identity = measure(count, () => identities(work));
  const result = {
    files: count,
    tokens: order,
    sessions: sessionCount(count),
    filesPerSecond: perSecond(count, cycle.bestMs),
    filesPerSecondMedian: perSecond(count, cycle.medianMs),
    bytesPerFile: bytesPerFile(work),
    nsPerFile: {
      engine: perFileNs(count, cycle),
      callbacksAlone: perFileNs(count, callbacks),
      identityInsertion: perFileNs(count, identity),
      bareMap: perFileNs(count, mapBigint),
    },
    mapBigintKeysPerSecond: perSecond(count, mapBigint.bestMs),
    mapIntegerKeysPerSecond: perSecond(count, mapInteger.bestMs),
    ratioToMapBigintKeys: round(mapBigint.bestMs / cycle.bestMs),
    ratioToMapIntegerKeys: round(mapInteger.bestMs / cycle.bestMs),
  };
  process.stderr.write(`${JSON.stringify(result)}\n`);
  return result;
}

/** Files of a turn; smaller counts take several runs. */
const GROWTH_TURN_FILES_MIN = 2 ** 17;
const GROWTH_TURNS = 25;

/** Nanoseconds per file of one run over `count` files, or of many runs over few, from a clean heap. */
function turnNs(tokens: readonly bigint[], count: number): number {
  const runs = Math.ceil(GROWTH_TURN_FILES_MIN / count);
  const works = Array.from({ length: runs }, () => ({ files: newFiles(count), tokens }));
  const warmUp = { files: newFiles(Math.min(count, GROWTH_TURN_FILES_MIN)), tokens };
  globalThis.gc?.();
  // A forced collection shrinks the young generation; the next quarter of a second pays for its growth.
  for (let at = 0; at < GROWTH_TURN_FILES_MIN; at += warmUp.files.length) lifeCycle(warmUp);
  const start = process.hrtime.bigint();
  works.forEach(lifeCycle);
  return Number(process.hrtime.bigint() - start) / runs / count;
}

/**
 * Cost of twice the files over cost of the files, for each doubling. A process preserves its files once, is replaced, and
 * retrieves them once. So every turn starts with a clean heap and has new files: what the runtime collects within the run
 * counts, the regions and tables of earlier lives do not. The counts take turns, because the machine is faster and slower
 * for parts of a second at a time.
 */
function growthOf(filesMax: number, order: TokenOrder) {
  const counts: number[] = [];
  const last = Math.min(DOUBLINGS_TO, filesMax * 1.1);
  for (let count = DOUBLINGS_FROM; count <= last; count *= 2) counts.push(count);
  const { tokens } = workload(counts.at(-1) ?? 0, order);
  const times = counts.map((): number[] => []);
  for (let turn = -1; turn < GROWTH_TURNS; turn++) {
    counts.forEach((count, i) => {
      const ns = turnNs(tokens, count);
      if (turn >= 0) times[i]?.push(ns);
    });
    process.stderr.write('.');
  }
  const sorted = times.map((list) => list.sort((a, b) => a - b));
  const best = sorted.map(([first]) => first as number);
  const median = sorted.map((list) => list[list.length >> 1] as number);
  const ratios = (ns: readonly number[]) =>
    ns.slice(1).map((double, i) => round((2 * double) / (ns[i] as number)));
  const result = {
    tokens: order,
    counts,
    nsPerFile: best.map(Math.round),
    nsPerFileMedian: median.map(Math.round),
    ratios: ratios(best),
    ratiosMedian: ratios(median),
  };
  process.stderr.write(`${JSON.stringify(result)}\n`);
  return result;
}

function measureAll(filesMax: number, order: TokenOrder) {
  const rows = COUNTS.filter((count) => count <= filesMax).map((count) => row(count, order));
  const growth = growthOf(filesMax, order);
  return { rows, growth, growthMax: Math.max(0, ...growth.ratios) };
}

/** `--max N` leaves out larger counts, `--tokens ascending|spread` the other order. */
export default function run(options: { max?: string; tokens?: TokenOrder }) {
  const filesMax = Number(options.max ?? 1_000_000);
  const alive = residents();
  const orders: TokenOrder[] = options.tokens ? [options.tokens] : ['ascending', 'spread'];
  const measured = orders.map((order) => [order, measureAll(filesMax, order)] as const);
  return Promise.resolve({
    benchmark: 'engine',
    profile: 'upstream',
    node: process.version,
    tokens: Object.fromEntries(measured),
    residentObjects: alive.length,
  });
}
