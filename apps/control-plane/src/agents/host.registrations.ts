import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type HostIntroduction,
  type RegisteredHost,
  registerHosts,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import { Runtime } from '../settings/runtime';

/** Hosts registered together; their rows are locked until the transaction ends. */
const BATCH_HOSTS_MAX = 100;

interface Waiting {
  readonly host: HostIntroduction;
  readonly done: (registered: RegisteredHost) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Registers hosts, one transaction at a time: those that come meanwhile are registered together with the next. A whole
 * fleet that connects at once takes few transactions, and leaves room for heartbeats and results of hosts that are here.
 */
@Injectable()
export class HostRegistrations {
  private readonly waiting: Waiting[] = [];
  private working = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  /** No two hosts of the same name at once. */
  register(host: HostIntroduction): Promise<RegisteredHost> {
    const registered = new Promise<RegisteredHost>((done, failed) =>
      this.waiting.push({ host, done, failed }),
    );
    if (!this.working) void this.work();
    return registered;
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0)
      await this.registerTogether(this.waiting.splice(0, BATCH_HOSTS_MAX));
    this.working = false;
  }

  /** Never rejects. */
  private async registerTogether(batch: readonly Waiting[]): Promise<void> {
    const { clock, settings } = this.runtime;
    const hosts = batch.map(({ host }) => host);
    const subject = hosts.length === 1 ? `host ${hosts[0]?.name}` : `${hosts.length} hosts`;
    try {
      const registered = await this.database.transaction('register host', subject, (unit) =>
        registerHosts(unit, hosts, settings.replicaId, clock.nowMs()),
      );
      registered.forEach((host, index) => batch[index]?.done(host));
    } catch (error) {
      // One host that Postgres does not take must not keep the others out.
      const isTheirs = !(error instanceof LuofleetError && error.code === 'UNAVAILABLE');
      if (batch.length > 1 && isTheirs) for (const one of batch) await this.registerTogether([one]);
      else for (const { failed } of batch) failed(error);
    }
  }
}
