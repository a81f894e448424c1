/**
 * DOC: serving the dashboard
 *
 * Purpose: the built dashboard's files, from the same port as the API.
 *
 * Happy path: a file that is there is sent; another path that a person would open (GET, wants HTML, not under /api)
 * gets index.html, because the dashboard has its own pages.
 * Unhappy paths: the dashboard is not built -> a page that says how to build it; anything else -> 404 problem.
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ControlPlaneSettings } from '../settings/control-plane.settings';

const ASSETS = `assets${path.sep}`;

/** Assets carry a hash in their names, so they never change under one name. */
const ASSETS_AGE = 'public, max-age=31536000, immutable';

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Luofleet</title></head>
<body><h1>The dashboard is not built</h1>
<p>Build it with <code>npx nx build dashboard</code>, or set <code>DASHBOARD_DIR</code> to where it is,
and start the control plane again.</p>
<p>The API works: <a href="/api/docs">/api/docs</a>.</p></body></html>
`;

/** Before the application initialises. */
export async function serveDashboard(
  app: NestFastifyApplication,
  settings: ControlPlaneSettings,
): Promise<void> {
  const root = dashboardRoot(settings);
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  if (root === null) {
    server.addHook('onRequest', async (request, reply) => {
      if (isPage(request)) await sendNotBuilt(reply);
    });
    return;
  }
  await server.register(fastifyStatic, { root, serve: false, index: false });
  server.addHook('onRequest', async (request, reply) => {
    if (!isPage(request)) return;
    const file = fileOf(root, request);
    if (file === null) return;
    const assets = file.startsWith(ASSETS);
    await reply
      .header('cache-control', assets ? ASSETS_AGE : 'no-cache')
      .sendFile(file, root, { cacheControl: false });
  });
}

/** Directory of the built dashboard; null when it is not built. */
function dashboardRoot(settings: ControlPlaneSettings): string | null {
  const root = path.resolve(
    settings.dashboardDir ?? path.join(path.dirname(process.argv[1] ?? ''), '..', 'dashboard'),
  );
  return existsSync(path.join(root, 'index.html')) ? root : null;
}

const SERVER_PATHS = /^\/(api|healthz|readyz|metrics)(\/|$)/;

function isPage(request: FastifyRequest): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    !SERVER_PATHS.test(pathOf(request) ?? '/api')
  );
}

/**
 * The file a request is for, relative to `root`; null when there is nothing to send. A page is index.html whatever its
 * path looks like, because names of rollouts and hosts have dots.
 */
function fileOf(root: string, request: FastifyRequest): string | null {
  // From the root on, whatever a target starts with: nothing leads out of it.
  const relative = path.normalize(`/${pathOf(request) ?? ''}`).slice(1);
  if (relative !== '' && isFile(path.join(root, relative))) return relative;
  if (relative.startsWith(ASSETS)) return null;
  const wantsPage = request.headers.accept?.includes('text/html') ?? false;
  return wantsPage || path.extname(relative) === '' ? 'index.html' : null;
}

/** Paths come from outside: many are names that no file can have. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Path of a request, decoded; null when it can not be decoded. */
function pathOf(request: FastifyRequest): string | null {
  try {
    return decodeURIComponent(request.url.split('?')[0] ?? '/');
  } catch {
    return null;
  }
}

async function sendNotBuilt(reply: FastifyReply): Promise<void> {
  await reply.status(503).type('text/html; charset=utf-8').send(NOT_BUILT);
}
