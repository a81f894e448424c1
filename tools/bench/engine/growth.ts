/**
 * Cost of twice the files over cost of the files, for each doubling.
 *
 * A process preserves its files once, is replaced, and retrieves them once. So every turn starts with a clean heap and has
 * new files: what the runtime collects within the run counts, the regions and tables of earlier lives do not. The counts
 * take turns, because the machine is faster and slower for parts of a second at a time; every other round goes from the
 * largest to the smallest, because a large life slows down those that follow it for some tenths of a second.
 */
import { lifeCycle } from './life-cycle';
import { type TokenOrder, tokensOf, type Workshop } from './workload';

const COUNT_MIN = 1_024;
const COUNT_MAX = 1_048_576;
/** Files of a turn; smaller counts take several runs. */
const TURN_FILES_MIN = 2 ** 17;
const TURNS = 25;

/** Nanoseconds per file of one run over `count` files, or of many runs over few, from a clean heap. */
function turnNs(workshop: Workshop, tokens: readonly bigint[], count: number): number {
  const runs = Math.ceil(TURN_FILES_MIN / count);
  const works = Array.from({ length: runs }, () => workshop.workload(tokens, count));
  const warmUpFiles = Math.min(count, TURN_FILES_MIN);
  const warmUps = Array.from({ length: TURN_FILES_MIN / warmUpFiles }, () =>
    workshop.workload(tokens, warmUpFiles),
  );
  globalThis.gc?.();
  // A forced collection shrinks the young generation; the next quarter of a second pays for its growth.
  for (const warmUp of warmUps) lifeCycle(workshop, warmUp);
  const start = process.hrtime.bigint();
  for (const work of works) lifeCycle(workshop, work);
  return Number(process.hrtime.bigint() - start) / runs / count;
}

export function measureGrowth(workshop: Workshop, filesMax: number, order: TokenOrder) {
  const counts: number[] = [];
  const last = Math.min(COUNT_MAX, filesMax * 1.1);
  for (let count = COUNT_MIN; count <= last; count *= 2) counts.push(count);
  const tokens = tokensOf(counts.at(-1) ?? 0, order);
  const times = counts.map((): number[] => []);
  for (let turn = -1; turn < TURNS; turn++) {
    const round = counts.map((count, i) => ({ count, i }));
    for (const { count, i } of turn % 2 === 0 ? round : round.reverse()) {
      const ns = turnNs(workshop, tokens, count);
      if (turn >= 0) times[i]?.push(ns);
    }
    process.stderr.write('.');
  }
  const sorted = times.map((list) => list.sort((a, b) => a - b));
  const best = sorted.map(([first]) => first as number);
  const median = sorted.map((list) => list[list.length >> 1] as number);
  const ratios = (ns: readonly number[]) =>
    ns.slice(1).map((double, i) => Number(((2 * double) / (ns[i] as number)).toFixed(3)));
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
