/**
 * DOC: the HTTP surface
 *
 * Purpose: REST for operators, health and metrics, the dashboard. Controllers translate and decide nothing.
 *
 * Happy path: body and query are checked by their schema, the controller asks a reader or a service, the answer is
 * written as the contract says.
 * Unhappy paths: every error, also of unknown routes and unreadable bodies, is answered by ProblemFilter.
 */
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ZodValidationPipe } from 'nestjs-zod';
import { SummaryController } from '../summary/summary.controller';
import { ProblemFilter } from '../errors/problem.filter';
import { EventFeedModule } from '../events/event-feed.module';
import { EventsController } from '../events/events.controller';
import { HealthController } from '../health/health.controller';
import { EventLoopWatch } from '../health/event-loop.watch';
import { Readiness } from '../health/readiness';
import { RedisProbe } from '../health/redis.probe';
import { ServiceProbes } from '../health/service.probes';
import { HostsController } from '../hosts/hosts.controller';
import { HostsModule } from '../hosts/hosts.module';
import { MetricsController } from '../metrics/metrics.controller';
import { Metrics } from '../metrics/metrics.service';
import { ProcessGauges } from '../metrics/process-gauges';
import { ReleasesController } from '../releases/releases.controller';
import { HostSkipsController } from '../rollouts/host-skips.controller';
import { RolloutsController } from '../rollouts/rollouts.controller';
import { RolloutsModule } from '../rollouts/rollouts.module';
import { SessionsController } from '../sessions/sessions.controller';
import { LateRequestGuard } from './late-request.guard';

/** Every controller, also for the description of the surface. */
export const REST_CONTROLLERS = [
  HostsController,
  ReleasesController,
  HostSkipsController,
  RolloutsController,
  SessionsController,
  EventsController,
  SummaryController,
  HealthController,
  MetricsController,
];

@Module({
  imports: [HostsModule, RolloutsModule, EventFeedModule],
  controllers: REST_CONTROLLERS,
  providers: [
    Metrics,
    ProcessGauges,
    EventLoopWatch,
    Readiness,
    RedisProbe,
    ServiceProbes,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_GUARD, useClass: LateRequestGuard },
    { provide: APP_PIPE, useClass: ZodValidationPipe },
  ],
  exports: [Metrics],
})
export class RestModule {}
