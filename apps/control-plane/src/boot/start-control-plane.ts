/**
 * DOC: start and stop
 *
 * Happy path: settings, modules (each connects what it owns), HTTP and gRPC ports, then ready. Only roles that serve
 * the API listen; a worker listens nowhere.
 *
 * Unhappy paths: a bad setting, a job without a handler or a port that is taken fails the start with one error; what had
 * started by then is stopped, within STOP_WITHIN_MS.
 *
 * Ordering of a stop: streams say goodbye and workers finish their job (beforeApplicationShutdown), then ports close,
 * then queues, Redis and Postgres.
 */
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger, LuofleetError, settledWithin, within } from '@luofleet/platform';
import { AppModule } from '../app.module';
import { configureHttp } from '../rest/configure-http';
import { HTTP_SERVER_OPTIONS } from '../rest/http-server.options';
import { GrpcServer } from '../grpc/grpc.server';
import { type ControlPlaneSettings, servesApi } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.module';
import { STOP_WITHIN_MS } from '../settings/stop-limits';
import { nestLogger } from './nest-logger';

export interface RunningControlPlane {
  readonly app: NestFastifyApplication;
  readonly replicaId: string;
  /** 0 in a worker. */
  readonly httpPort: number;
  /** 0 in a worker. */
  readonly grpcPort: number;
  /**
   * Drains and stops; the second call changes nothing.
   * @throws LuofleetError DEADLINE_EXCEEDED when something did not end within STOP_WITHIN_MS
   */
  stop(): Promise<void>;
}

/** @throws LuofleetError when it cannot start */
export async function startControlPlane(
  settings: ControlPlaneSettings,
): Promise<RunningControlPlane> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(settings),
    new FastifyAdapter(HTTP_SERVER_OPTIONS),
    { bufferLogs: true, abortOnError: false, bodyParser: false },
  );
  const logger = app.get<Logger>(LOGGER);
  app.useLogger(nestLogger(logger));
  app.flushLogs();
  let httpPort = 0;
  const grpc = app.get(GrpcServer);
  try {
    await configureHttp(app, settings);
    await app.init();
    if (servesApi(settings)) {
      await app.listen(settings.httpPort, settings.httpHost);
      httpPort = portOf(app);
      await grpc.start();
    }
  } catch (error) {
    // A worker that closes waits for Redis, for ever.
    const closed = app
      .close()
      .catch((err: unknown) => logger.warn('start failed, and so did the stop', { err }));
    await settledWithin(STOP_WITHIN_MS, [closed]);
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    app,
    replicaId: settings.replicaId,
    httpPort,
    grpcPort: grpc.port,
    stop: () => (stopped ??= within(STOP_WITHIN_MS, app.close(), stopLate)),
  };
}

function stopLate(): LuofleetError {
  return new LuofleetError({
    code: 'DEADLINE_EXCEEDED',
    operation: 'stop control plane',
    subject: 'process',
    detail: `The control plane did not stop within ${STOP_WITHIN_MS} ms and was cut off; hosts connect elsewhere.`,
  });
}

function portOf(app: NestFastifyApplication): number {
  const address: unknown = app.getHttpServer().address();
  return typeof address === 'object' && address !== null && 'port' in address
    ? Number(address.port)
    : 0;
}
