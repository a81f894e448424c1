/**
 * DOC: the engine benchmark
 *
 * Files through all six steps (preserve, freeze, serialise, deserialise, retrieve, finish) with a synchronous handler
 * that does nothing, in the `upstream` profile. A session holds 630,000 files, so a million take two sessions; the
 * number of sessions is in the result. Files, tokens and handles exist before the clock starts. All is measured with
 * tokens in two orders.
 *
 * The yardstick is a bare `Map` that takes the same number of entries and then loses them one by one, with the
 * same bigint tokens as keys, and once more with small integers, the cheapest keys there are. The callbacks alone are
 * measured too, and one `Set` insertion of each object, by which plain objects are preserved only once.
 */
import { measureGrowth } from './engine/growth';
import { residents } from './engine/life-cycle';
import { measureRow } from './engine/rows';
import { type Setting, type TokenOrder, Workshop } from './engine/workload';

const COUNTS = [128, 1_000, 10_000, 100_000, 1_000_000] as const;
const SETTING: Setting = { files: 'marked', retrieve: 'finds', memory: 'buffer' };

interface Options extends Partial<Setting> {
  /** Leaves out larger counts. */
  readonly max?: string;
  /** Leaves out the other order. */
  readonly tokens?: TokenOrder;
}

export const options = {
  max: { type: 'string' },
  tokens: { type: 'string' },
  files: { type: 'string' },
  retrieve: { type: 'string' },
  memory: { type: 'string' },
} satisfies Record<keyof Options, { type: 'string' }>;

function measureAll(workshop: Workshop, filesMax: number, order: TokenOrder) {
  const counts = COUNTS.filter((count) => count <= filesMax);
  const rows = counts.map((count) => measureRow(workshop, count, order));
  const growth = measureGrowth(workshop, filesMax, order);
  return { rows, growth, growthMax: Math.max(0, ...growth.ratios) };
}

const ALLOWED: Readonly<Record<keyof Setting, readonly string[]>> = {
  files: ['marked', 'plain'],
  retrieve: ['finds', 'makes'],
  memory: ['buffer', 'heap'],
};

function settingOf(given: Partial<Setting>): Setting {
  const { files, retrieve, memory } = { ...SETTING, ...given };
  const setting: Setting = { files, retrieve, memory };
  for (const key of Object.keys(setting) as (keyof Setting)[]) {
    if (ALLOWED[key].includes(setting[key])) continue;
    throw new Error(`--${key} ${String(setting[key])}: take one of ${ALLOWED[key].join(', ')}`);
  }
  return setting;
}

export default function run({ max, tokens, ...given }: Options) {
  const filesMax = Number(max ?? 1_000_000);
  const setting = settingOf(given);
  const workshop = new Workshop(setting);
  const alive = residents(workshop);
  const orders: TokenOrder[] = tokens ? [tokens] : ['ascending', 'spread'];
  const measured = orders.map((order) => [order, measureAll(workshop, filesMax, order)] as const);
  return Promise.resolve({
    benchmark: 'engine',
    profile: 'upstream',
    node: process.version,
    setting,
    tokens: Object.fromEntries(measured),
    residentObjects: alive.length,
  });
}
