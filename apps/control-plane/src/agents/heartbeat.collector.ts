import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import {
  asUnstorable,
  Database,
  type HostSign,
  setAside,
  storeEach,
  touchHosts,
  type UnitOfWork,
} from '@luofleet/persistence';
import { type Logger, settledWithin } from '@luofleet/platform';
import type { WorkloadHealth } from '@luofleet/proto';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.module';
import { STOP_STEP_MS } from '../settings/stop-limits';

/** Heartbeats are written together this often: one statement for all hosts instead of one for each. */
const FLUSH_MS = 500;

/**
 * Collects signs of life and writes them in batches. Only the newest of each host matters. A change of a host's health
 * that could not be written goes into the next batch: agents may say the same from then on, and it would never be news
 * again. One that never can be written is set aside and costs neither the host its sign of life nor others theirs.
 */
@Injectable()
export class HeartbeatCollector implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private signs = new Map<string, HostSign>();
  /** What each host said last, as text: written, or in a batch to be written. */
  private readonly knownHealth = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  /** The write that waits for the one under way; all that is collected until then goes with it. */
  private next: Promise<void> | undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await settledWithin(STOP_STEP_MS, [this.flushing]);
  }

  /** The host was heard of, at `atMs` on the monotonic clock. An empty list of workloads says nothing about them. */
  collect(hostId: string, workloads: readonly WorkloadHealth[], atMs: number): void {
    const health = JSON.stringify(workloads);
    const changed = workloads.length > 0 && this.knownHealth.get(hostId) !== health;
    if (changed) this.knownHealth.set(hostId, health);
    this.signs.set(hostId, {
      hostId,
      atMs,
      workloads: changed ? workloads : this.signs.get(hostId)?.workloads,
    });
  }

  /** What was collected and written of this host no longer holds: it has introduced itself anew, or it is gone. */
  forget(hostId: string): void {
    this.knownHealth.delete(hostId);
    this.signs.delete(hostId);
  }

  /** Writes what was collected, after what is being written. Never rejects. */
  flush(): Promise<void> {
    this.next ??= this.flushing.then(() => {
      this.next = undefined;
      return this.write();
    });
    this.flushing = this.next;
    return this.flushing;
  }

  private async write(): Promise<void> {
    const signs = [...this.signs.values()];
    if (signs.length === 0) return;
    this.signs = new Map();
    let written: readonly string[] = [];
    try {
      written = await this.store((unit) => this.touch(unit, signs)).catch((error: unknown) => {
        if (asUnstorable(error) === null) throw error;
        this.logger.warn('a heartbeat can not be stored', { hosts: signs.length, err: error });
        return this.store((unit) => this.touchEach(unit, signs));
      });
    } catch (error) {
      this.logger.warn('heartbeats not written', { hosts: signs.length, err: error });
    }
    const done = new Set(written);
    for (const sign of signs) if (!done.has(sign.hostId)) this.keep(sign);
  }

  private store(work: (unit: UnitOfWork) => Promise<string[]>): Promise<string[]> {
    return this.database.transaction('write heartbeats', 'hosts', work, { urgent: true });
  }

  private touch(unit: UnitOfWork, signs: readonly HostSign[]): Promise<string[]> {
    return touchHosts(unit, signs, this.settings);
  }

  /** A host whose health is refused is touched without it; one that is refused all the same is left out. */
  private async touchEach(unit: UnitOfWork, signs: readonly HostSign[]): Promise<string[]> {
    const written: string[] = [];
    const touch = async (part: readonly HostSign[]) => {
      written.push(...(await this.touch(unit, part)));
    };
    const refused = await storeEach(unit, signs, touch);
    const bare = refused.map(({ item: { hostId, atMs } }) => ({ hostId, atMs }));
    await storeEach(unit, bare, touch);
    await setAside(
      unit,
      refused.map(({ item: { hostId, workloads }, why }) => ({
        ...{ kind: 'health', subject: hostId, hostId, why, content: workloads },
        what: 'what a host says of its workloads',
      })),
    );
    return [...written, ...bare.map(({ hostId }) => hostId)];
  }

  /** Keeps a change of health for the next batch, unless the host was forgotten or has said something newer. */
  private keep({ hostId, atMs, workloads }: HostSign): void {
    if (!workloads || this.knownHealth.get(hostId) !== JSON.stringify(workloads)) return;
    const newer = this.signs.get(hostId);
    this.signs.set(hostId, { hostId, atMs: newer?.atMs ?? atMs, workloads });
  }
}
