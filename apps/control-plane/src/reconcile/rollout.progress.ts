import { Inject, Injectable } from '@nestjs/common';
import { Database, hostsWithQueuedCommands } from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { LOGGER } from '../settings/platform.tokens';
import { RolloutReconciler } from './rollout.reconciler';

/** Hosts whose commands one look sends; those left over come next time. */
const HOSTS_MAX = 5000;

/** Has a rollout planned and its commands sent by this process, without a job: for what must not wait for Redis. */
@Injectable()
export class RolloutProgress {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RolloutReconciler) private readonly reconciler: RolloutReconciler,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Never rejects: the sweep does it again. */
  async advance(rolloutId: string): Promise<void> {
    try {
      const issued = await this.reconciler.reconcile(rolloutId, { wait: true });
      if (issued !== 'locked') await this.dispatcher.dispatch(issued.map(({ hostId }) => hostId));
    } catch (error) {
      this.logger.warn('rollout not advanced, the sweep will', { rolloutId, err: error });
    }
  }

  /** Has commands sent that nobody was told about, of all hosts or of those whose streams one replica holds. */
  async sendQueued(replicaId?: string): Promise<void> {
    await this.dispatcher.dispatch(
      await hostsWithQueuedCommands(this.database, HOSTS_MAX, replicaId),
    );
  }
}
