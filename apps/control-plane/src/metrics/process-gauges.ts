import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { within } from '@luofleet/platform';
import { MetricsReader } from '@luofleet/persistence';
import { QUEUES, JobQueue } from '@luofleet/queue';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { Metrics } from './metrics.service';

/** Redis that does not answer within this time shows as NaN, so that it does not take the other metrics with it. */
const ANSWER_WITHIN_MS = 1000;

/** Gauges of what this replica holds and of the queues. */
@Injectable()
export class ProcessGauges implements OnModuleInit {
  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(MetricsReader) private readonly reader: MetricsReader,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
  ) {}

  onModuleInit(): void {
    this.metrics.addGauge({
      name: 'luofleet_grpc_streams',
      help: 'Streams of agents that this replica holds.',
      read: async () => ({ '': await this.reader.streamsOf(this.settings.replicaId) }),
    });
    this.metrics.addGauge({
      name: 'luofleet_set_aside',
      help: 'How often something that was reported could not be stored and was set aside, by kind.',
      label: 'kind',
      read: () => this.reader.setAside(),
    });
    this.metrics.addGauge({
      name: 'luofleet_queue_jobs',
      help: 'Jobs that wait or run, by queue; NaN while Redis does not answer.',
      label: 'queue',
      read: () => this.depths(),
    });
  }

  private async depths(): Promise<Readonly<Record<string, number>>> {
    try {
      return await within(ANSWER_WITHIN_MS, this.jobs.depths(), () => new Error('no answer'));
    } catch {
      return Object.fromEntries(QUEUES.map((name) => [name, Number.NaN]));
    }
  }
}
