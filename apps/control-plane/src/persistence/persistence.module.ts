import { Global, Inject, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import {
  Database,
  EventsReader,
  HostsReader,
  HostUpdatesReader,
  MetricsReader,
  ReleasesRepository,
  RolloutsReader,
  SessionsReader,
  SummaryReader,
} from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.module';

const OVER_DATABASE = [
  EventsReader,
  HostsReader,
  HostUpdatesReader,
  MetricsReader,
  ReleasesRepository,
  RolloutsReader,
  SessionsReader,
  SummaryReader,
] as const;

const database: Provider = {
  provide: Database,
  inject: [SETTINGS, LOGGER],
  useFactory: (settings: ControlPlaneSettings, logger: Logger) =>
    new Database({
      url: settings.databaseUrl,
      connectionsMax: settings.databaseConnectionsMax,
      limits: settings.databaseLimits,
      logger,
    }),
};

/** The record, for every module: inject any class listed here. */
@Global()
@Module({
  providers: [
    database,
    ...OVER_DATABASE.map((type) => ({
      provide: type,
      inject: [Database],
      useFactory: (over: Database) => new type(over),
    })),
  ],
  exports: [Database, ...OVER_DATABASE],
})
export class PersistenceModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
