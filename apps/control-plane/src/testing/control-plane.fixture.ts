/** A control plane in this process, on a Postgres database and a Redis corner of its own. */
import { randomUUID } from 'node:crypto';
import { Database } from '@luofleet/persistence';
import { within } from '@luofleet/platform';
import { createTestDatabase, createTestRedis } from '@luofleet/testkit';
import { type RunningControlPlane, startControlPlane } from '../boot/start-control-plane';
import { controlPlaneSettings, type Role } from '../settings/control-plane.settings';
import { FleetFixture } from './fleet.fixture';

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
  /** The body read as JSON; null when it is not JSON. */
  readonly body: Body;
}

export interface AskOptions {
  readonly method?: string;
  /** An object is sent as JSON; text as it is, with `type`. */
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Addresses = Readonly<Record<'DATABASE_URL' | 'REDIS_URL', string>>;

/** Less than a test may take, more than any answer needs. */
const ANSWER_MS = 45_000;

export interface ControlPlaneFixture {
  readonly running: RunningControlPlane;
  readonly baseUrl: string;
  readonly fleet: FleetFixture;
  readonly databaseUrl: string;
  ask<Body>(path: string, options?: AskOptions): Promise<Answer<Body>>;
  stop(): Promise<void>;
}

export async function createControlPlane(
  environment: Readonly<Record<string, string>> = {},
  role: Role = 'api',
  /** Stands in front of the services of this control plane. */
  through: (addresses: Addresses) => Partial<Addresses> = () => ({}),
): Promise<ControlPlaneFixture> {
  const testDatabase = await createTestDatabase();
  const redis = createTestRedis();
  const addresses = { DATABASE_URL: testDatabase.url, REDIS_URL: redis.url };
  const settings = controlPlaneSettings(
    {
      ...addresses,
      ...through(addresses),
      REDIS_PREFIX: redis.prefix,
      HTTP_PORT: '0',
      GRPC_PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_CONNECTIONS_MAX: '5',
      ...environment,
    },
    role,
    randomUUID(),
  );
  const database = new Database({ url: testDatabase.url, connectionsMax: 5 });
  const running = await startControlPlane(settings);
  const baseUrl = `http://127.0.0.1:${running.httpPort}`;
  return {
    running,
    baseUrl,
    fleet: new FleetFixture(database),
    databaseUrl: testDatabase.url,
    ask: asking(baseUrl),
    stop: async () => {
      // What was cut off has ended as far as a test can tell.
      await running.stop().catch(() => undefined);
      await database.close();
      await redis.empty();
      await testDatabase.drop();
    },
  };
}

/** Asks the control plane that answers at this address. */
export const asking =
  (baseUrl: string): ControlPlaneFixture['ask'] =>
  (path, options) =>
    ask(baseUrl, path, options);

async function ask<Body>(
  baseUrl: string,
  path: string,
  { method = 'GET', body, type, headers }: AskOptions = {},
): Promise<Answer<Body>> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const asked = async () => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: text }),
    });
    return { response, answer: await response.text() };
  };
  const late = () => new Error(`${method} ${path} was not answered within ${ANSWER_MS} ms`);
  const { response, answer } = await within(ANSWER_MS, asked(), late);
  return {
    status: response.status,
    type: (response.headers.get('content-type') ?? '').split(';')[0] ?? '',
    headers: response.headers,
    text: answer,
    body: parse(answer) as Body,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
