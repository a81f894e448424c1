import type { HistogramRecord } from '@luofleet/persistence';
import type { Registry } from 'prom-client';

type Sample = {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
};

/**
 * A histogram whose observations are rows in Postgres: the same on every replica and after every restart, which
 * counting in each process would not be.
 */
export function registerStoredHistogram(
  registry: Registry,
  options: {
    readonly name: string;
    readonly help: string;
    readonly boundsMs: readonly number[];
    /** By the value of `label`, or under '' without one. */
    readonly read: () => Readonly<Record<string, HistogramRecord>>;
    readonly label?: string;
  },
): void {
  const { name, help, boundsMs, read, label } = options;
  registry.registerMetric({
    name,
    help,
    type: 'histogram',
    aggregator: 'first',
    get: () =>
      Promise.resolve({
        name,
        help,
        type: 'histogram',
        aggregator: 'first',
        values: Object.entries(read()).flatMap(([value, histogram]) =>
          samplesOf(name, boundsMs, histogram, label === undefined ? {} : { [label]: value }),
        ),
      }),
  } as unknown as Parameters<Registry['registerMetric']>[0]);
}

function samplesOf(
  name: string,
  boundsMs: readonly number[],
  { buckets, count, sum }: HistogramRecord,
  labels: Record<string, string>,
): Sample[] {
  let below = 0;
  const samples: Sample[] = boundsMs.map((boundMs, index) => {
    below += buckets[index] ?? 0;
    return {
      metricName: `${name}_bucket`,
      labels: { ...labels, le: boundMs / 1000 },
      value: below,
    };
  });
  return [
    ...samples,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
