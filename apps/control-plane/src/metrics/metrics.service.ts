/**
 * DOC: metrics
 *
 * Purpose: what Prometheus reads at /metrics. What the record knows is read from Postgres at each scrape, so it is the
 * same on every replica (take max, not sum, over replicas); what a process knows is counted in it.
 *
 * Happy path: a scrape reads the record once, every gauge is set, the text is answered.
 * Unhappy path: Postgres does not answer -> the scrape fails with 503, so that monitoring sees it.
 */
import { Inject, Injectable } from '@nestjs/common';
import { type FleetMetrics, MetricsReader } from '@luofleet/persistence';
import { HOST_UPDATE_KINDS, ROLLOUT_KINDS } from '@luofleet/rollout';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { registerStoredHistogram } from './stored-histogram';

/** Upper bounds of blackouts and phases: an execve takes tens of milliseconds, a kexec seconds, a phase up to minutes. */
const BOUNDS_MS = [
  5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000,
];
const NOTHING = { count: 0, sum: 0, buckets: [] };

@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;
  private readonly hosts: Gauge<'state'>;
  private readonly refusals: Counter;
  private readonly refusedHosts: Gauge;
  private readonly rollouts: Gauge<'state'>;
  private readonly hostUpdates: Gauge<'state'>;
  private fleet: Pick<FleetMetrics, 'blackoutMs' | 'phaseMs'> = {
    blackoutMs: NOTHING,
    phaseMs: {},
  };

  constructor(@Inject(MetricsReader) private readonly reader: MetricsReader) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const byState = (name: string, help: string) =>
      new Gauge({ name, help, labelNames: ['state'], registers });
    this.hosts = byState('luofleet_hosts', 'Hosts by connection state.');
    this.refusals = new Counter({
      name: 'luofleet_host_identity_refusals_total',
      help: 'Hellos refused because the name or the identity is another machine.',
      registers,
    });
    this.refusedHosts = new Gauge({
      name: 'luofleet_host_identities_contested',
      help: 'Hosts whose name or identity another machine claimed within ten minutes; not 0 is an alarm.',
      registers,
    });
    this.rollouts = byState('luofleet_rollouts', 'Rollouts by state.');
    this.hostUpdates = byState('luofleet_host_updates', 'Host updates by state.');
    this.requests = new Histogram({
      name: 'luofleet_http_request_duration_seconds',
      help: 'HTTP requests by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
    registerStoredHistogram(this.registry, {
      name: 'luofleet_blackout_seconds',
      help: 'From the moment workloads stop serving until they serve again, over all host updates.',
      boundsMs: BOUNDS_MS,
      read: () => ({ '': this.fleet.blackoutMs }),
    });
    registerStoredHistogram(this.registry, {
      name: 'luofleet_phase_duration_seconds',
      help: 'Succeeded phases as measured on the hosts.',
      boundsMs: BOUNDS_MS,
      label: 'phase',
      read: () => this.fleet.phaseMs,
    });
  }

  /** Adds a gauge whose value is asked for at each scrape; values by label value. */
  addGauge(options: {
    readonly name: string;
    readonly help: string;
    readonly label?: string;
    readonly read: () => Promise<Readonly<Record<string, number>>>;
  }): void {
    const { name, help, label, read } = options;
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      async collect() {
        this.reset();
        for (const [value, count] of Object.entries(await read()))
          this.set(label === undefined ? {} : { [label]: value }, count);
      },
    });
  }

  observeRequest(method: string, route: string, status: number, durationMs: number): void {
    this.requests.observe({ method, route, status: String(status) }, durationMs / 1000);
  }

  /** Content type and text of one scrape. */
  async scrape(): Promise<{ readonly type: string; readonly text: string }> {
    const fleet = await this.reader.read(BOUNDS_MS);
    this.fleet = fleet;
    setAll(this.hosts, ['online', 'offline'], fleet.hosts);
    this.refusals.reset();
    this.refusals.inc(fleet.identityRefusals.total);
    this.refusedHosts.set(fleet.identityRefusals.hosts);
    setAll(this.rollouts, ROLLOUT_KINDS, fleet.rollouts);
    setAll(this.hostUpdates, HOST_UPDATE_KINDS, fleet.hostUpdates);
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}

/** Every state is there, also with 0, so that an alert on it never looks at nothing. */
function setAll(
  gauge: Gauge<'state'>,
  states: readonly string[],
  counts: Readonly<Record<string, number>>,
): void {
  for (const state of states) gauge.set({ state }, counts[state] ?? 0);
}
