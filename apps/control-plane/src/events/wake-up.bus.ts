import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database } from '@luofleet/persistence';
import { RedisBus } from '../redis/redis.bus';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';

const TOPIC = 'events';

/**
 * Tells other replicas that events were committed here, and passes on what they tell. Carries no event: watchers read
 * from Postgres, and look there by themselves while Redis is away.
 */
@Injectable()
export class WakeUpBus implements OnModuleInit, OnModuleDestroy {
  private readonly undo: (() => void)[] = [];
  private publishing = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RedisBus) private readonly bus: RedisBus,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
  ) {}

  onModuleInit(): void {
    this.undo.push(
      this.database.onEventsCommitted((where) => {
        if (where === 'here') this.announce();
      }),
      this.bus.subscribe(TOPIC, (replicaId) => {
        if (replicaId !== this.settings.replicaId) this.database.noticeEvents();
      }),
    );
  }

  onModuleDestroy(): void {
    for (const undo of this.undo) undo();
  }

  /** Commits that follow each other closely are announced once. */
  private announce(): void {
    if (this.publishing) return;
    this.publishing = true;
    setImmediate(() => {
      this.publishing = false;
      this.bus.publish(TOPIC, this.settings.replicaId);
    });
  }
}
