import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from '@luofleet/platform';
import { QueueModule } from '@luofleet/queue';
import { AgentsModule } from './agents/agents.module';
import { DeliveryModule } from './delivery/delivery.module';
import { GrpcModule } from './grpc/grpc.module';
import { OperatorModule } from './operator/operator.module';
import { PersistenceModule } from './persistence/persistence.module';
import { ProgressModule } from './progress/progress.module';
import { JobsModule } from './jobs/jobs.module';
import { RedisModule } from './redis/redis.module';
import { RestModule } from './rest/rest.module';
import {
  type ControlPlaneSettings,
  runsJobs,
  servesApi,
  SETTINGS,
} from './settings/control-plane.settings';
import { LOGGER, PlatformModule } from './settings/platform.module';
import { WatchModule } from './watch/watch.module';

/** The whole control plane; which parts of it run depends on the role. */
@Module({})
export class AppModule {
  static with(settings: ControlPlaneSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(settings),
        PersistenceModule,
        QueueModule.forRoot({
          inject: [SETTINGS, LOGGER],
          useFactory: ({ redisUrl, redisPrefix }: ControlPlaneSettings, logger: Logger) => ({
            redisUrl,
            prefix: redisPrefix,
            logger,
          }),
        }),
        RedisModule,
        DeliveryModule,
        ProgressModule,
        WatchModule,
        ...(runsJobs(settings) ? [JobsModule] : []),
        GrpcModule,
        ...(servesApi(settings) ? [AgentsModule] : []),
        RestModule,
        OperatorModule,
      ],
    };
  }
}
