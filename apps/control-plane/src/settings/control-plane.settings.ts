import { z } from 'zod';
import { DATABASE_LIMITS, type DatabaseLimits } from '@luofleet/persistence';
import {
  loadSettings,
  millisecondsField,
  portField,
  textField,
  urlField,
  wholeNumberField,
} from '@luofleet/platform';

export const ROLES = ['api', 'worker', 'all'] as const;
export type Role = (typeof ROLES)[number];

export const environmentSchema = z.object({
  DATABASE_URL: urlField('postgres', 'postgresql'),
  REDIS_URL: urlField('redis', 'rediss'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,100}$/, 'may have letters, digits, "_", "." and "-"')
    .default('luofleet'),
  HTTP_HOST: textField().default('127.0.0.1'),
  HTTP_PORT: portField().default(7070),
  GRPC_HOST: textField().default('127.0.0.1'),
  GRPC_PORT: portField().default(7071),
  GRPC_CONNECTIONS_MAX: wholeNumberField(1, 1_000_000).default(20_000),
  GRPC_STREAMS_MAX: wholeNumberField(1, 1_000_000).default(1000),
  DASHBOARD_DIR: textField().optional(),
  HEARTBEAT_INTERVAL_MS: millisecondsField(10).default(2000),
  OFFLINE_AFTER_MS: millisecondsField(50).default(10_000),
  SWEEP_INTERVAL_MS: millisecondsField(50).default(1000),
  DATABASE_CONNECTIONS_MAX: wholeNumberField(2, 500).default(20),
  DATABASE_CONNECT_TIMEOUT_MS: millisecondsField(100).default(DATABASE_LIMITS.connectMs),
  DATABASE_STATEMENT_TIMEOUT_MS: millisecondsField(100).default(DATABASE_LIMITS.statementMs),
  DATABASE_LOCK_TIMEOUT_MS: millisecondsField(100).default(DATABASE_LIMITS.lockMs),
  DATABASE_IDLE_TIMEOUT_MS: millisecondsField(100).default(DATABASE_LIMITS.idleInTransactionMs),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

type Environment = z.output<typeof environmentSchema>;

/** What the control plane was told, checked, complete and frozen. Nothing else reads the environment. */
export interface ControlPlaneSettings {
  readonly role: Role;
  /** Names this process among the replicas; new with each start. */
  readonly replicaId: string;
  readonly databaseUrl: string;
  readonly databaseConnectionsMax: number;
  readonly databaseLimits: DatabaseLimits;
  readonly redisUrl: string;
  /** Prefix of every Redis key and channel. */
  readonly redisPrefix: string;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly grpcHost: string;
  readonly grpcPort: number;
  readonly grpcConnectionsMax: number;
  /** Open calls of one connection. */
  readonly grpcStreamsMax: number;
  /** Where the built dashboard is; undefined: beside the bundle, if there. */
  readonly dashboardDir: string | undefined;
  readonly heartbeatIntervalMs: number;
  readonly offlineAfterMs: number;
  readonly sweepIntervalMs: number;
  readonly logLevel: Environment['LOG_LEVEL'];
}

/** Injection token of the settings. */
export const SETTINGS = Symbol('control plane settings');

/** @throws LuofleetError INVALID_SETTINGS, listing every bad name */
export function controlPlaneSettings(
  environment: Readonly<Record<string, string | undefined>>,
  role: Role,
  replicaId: string,
): ControlPlaneSettings {
  const given = loadSettings(environmentSchema, environment);
  return Object.freeze({
    role,
    replicaId,
    databaseUrl: given.DATABASE_URL,
    databaseConnectionsMax: given.DATABASE_CONNECTIONS_MAX,
    databaseLimits: {
      connectMs: given.DATABASE_CONNECT_TIMEOUT_MS,
      statementMs: given.DATABASE_STATEMENT_TIMEOUT_MS,
      lockMs: given.DATABASE_LOCK_TIMEOUT_MS,
      idleInTransactionMs: given.DATABASE_IDLE_TIMEOUT_MS,
    },
    redisUrl: given.REDIS_URL,
    redisPrefix: given.REDIS_PREFIX,
    httpHost: given.HTTP_HOST,
    httpPort: given.HTTP_PORT,
    grpcHost: given.GRPC_HOST,
    grpcPort: given.GRPC_PORT,
    grpcConnectionsMax: given.GRPC_CONNECTIONS_MAX,
    grpcStreamsMax: given.GRPC_STREAMS_MAX,
    dashboardDir: given.DASHBOARD_DIR,
    heartbeatIntervalMs: given.HEARTBEAT_INTERVAL_MS,
    offlineAfterMs: given.OFFLINE_AFTER_MS,
    sweepIntervalMs: given.SWEEP_INTERVAL_MS,
    logLevel: given.LOG_LEVEL,
  });
}

export const servesApi = (settings: ControlPlaneSettings): boolean => settings.role !== 'worker';
export const runsJobs = (settings: ControlPlaneSettings): boolean => settings.role !== 'api';
