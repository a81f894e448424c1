import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveDashboard } from '../dashboard/dashboard.static';
import { observeRequests } from '../metrics/request-metrics';
import type { ControlPlaneSettings } from '../settings/control-plane.settings';
import { useBodyParsers } from './body-parsers';
import { limitConnections } from '../http-kit/connection-limits';
import { useSafeJson } from '../http-kit/safe-json';
import { serveOpenApi } from './openapi';

/**
 * What the HTTP surface needs beyond its controllers. Called once, before the application initialises; the application
 * is created without Nest's own body parser.
 */
export async function configureHttp(
  app: NestFastifyApplication,
  settings: ControlPlaneSettings,
): Promise<void> {
  limitConnections(app);
  useBodyParsers(app);
  useSafeJson(app);
  observeRequests(app);
  serveOpenApi(app);
  await serveDashboard(app, settings);
}
