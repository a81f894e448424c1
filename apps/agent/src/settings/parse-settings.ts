// Reads the agent's configuration file. Loaded only on a cold start: after a reboot the settings come with the handover.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readYaml } from '@luofleet/contracts/documents';
import { hostNameSchema, labelsSchema, plainTextSchema } from '@luofleet/contracts/text';
import { describeThrown, cleanText } from '@luofleet/platform/text';
import { z } from 'zod';
import { killPoints } from '../faults/faults';
import { SETTINGS_VERSION, type AgentSettings } from './agent-settings';

/** The configuration can not be used; the message names the file and every wrong field. */
export class SettingsError extends Error {
  readonly code = 'SETTINGS_INVALID';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SettingsError';
  }
}

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'must be 1 to 63 letters, digits, dots, dashes or underscores',
});
const times = z.int().min(1).default(1);
const token = z
  .union([z.string().regex(/^(0x[0-9a-fA-F]{1,16}|\d{1,20})$/), z.int().min(0)])
  .transform((value) => BigInt(value));

/** The kernel takes no longer ones either. */
const file = plainTextSchema({ min: 1, max: 4095 });
const address = plainTextSchema({ min: 1, max: 1000 });
/** An argument or the value of a variable. */
const argument = plainTextSchema({ max: 32_768, lines: 'many' });

const workload = z.strictObject({
  name,
  command: z.array(argument).min(1).max(1000),
  env: z
    .record(
      plainTextSchema({ min: 1, max: 255 }).regex(/^[^=]+$/, 'a variable has no "=" in its name'),
      argument,
    )
    .default({}),
  cwd: file.optional(),
});

const faults = z.strictObject({
  freeze: z
    .array(
      z.strictObject({
        workload: name,
        token,
        errno: z.string().regex(/^E[A-Z0-9]{1,30}$/),
        times,
      }),
    )
    .optional(),
  execve: z
    .strictObject({ errno: z.enum(['ENOENT', 'EACCES']).default('ENOENT'), times })
    .optional(),
  stageCommandLine: z
    .strictObject({ line: plainTextSchema({ min: 1, max: 4000 }), times })
    .optional(),
  dropStagedKernel: z.strictObject({ times }).optional(),
  refuseFinish: z.strictObject({ times }).optional(),
  killAt: z.array(z.strictObject({ point: z.enum(killPoints), times })).optional(),
  stopAt: z.array(z.strictObject({ point: z.enum(killPoints), times })).optional(),
});

export const settingsSchema = z.strictObject({
  hostName: hostNameSchema,
  machineId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{8,128}$/, {
      error: 'must be 8 to 128 letters, digits, dots, dashes or underscores',
    })
    .optional(),
  // One or a list. A union would not say which of them is wrong.
  controlPlane: z.preprocess(
    (given) => (typeof given === 'string' ? [given] : given),
    z.array(address).min(1).max(100),
  ),
  backend: z.enum(['engine', 'kernel']).default('engine'),
  stateDir: file,
  socket: file.optional(),
  labels: labelsSchema.default({}),
  failureDomain: plainTextSchema({ max: 253 }).default(''),
  workloads: z.array(workload).default([]),
  frozenLimitMs: z.int().min(100).default(30_000),
  startTimeoutMs: z.int().min(100).default(20_000),
  stopTimeoutMs: z.int().min(100).default(5_000),
  imageBytesMax: z
    .int()
    .min(1)
    .default(2 ** 30),
  fetchStallMs: z.int().min(100).default(10_000),
  faults: faults.default({}),
});

/** A host with hundreds of workloads has less. */
const CONFIGURATION_LENGTH_MAX = 2 ** 20;

/** Parses YAML or JSON. Relative paths are relative to the file. Throws SettingsError. */
export function parseSettings(text: string, file: string): AgentSettings {
  const document = readYaml(text, CONFIGURATION_LENGTH_MAX);
  if (document.kind === 'fault') {
    const { path: where, message } = document.fault;
    throw new SettingsError(`${file} is neither YAML nor JSON: ${`${where} ${message}`.trim()}`);
  }
  const parsed = settingsSchema.safeParse(document.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: where, message }) =>
        `${cleanText(where.join('.'), 300) || '(whole file)'}: ${cleanText(message, 1000)}`,
    );
    throw new SettingsError(`${file} has wrong settings: ${problems.join('; ')}`);
  }
  const { data } = parsed;
  const duplicate = data.workloads.find(
    ({ name: one }, index) => data.workloads.findIndex((other) => other.name === one) !== index,
  );
  if (duplicate !== undefined) {
    throw new SettingsError(`${file} names the workload ${duplicate.name} twice`);
  }
  const directory = path.dirname(path.resolve(file));
  const stateDir = path.resolve(directory, data.stateDir);
  return {
    ...data,
    version: SETTINGS_VERSION,
    stateDir,
    socket: path.resolve(directory, data.socket ?? path.join(stateDir, 'agent.sock')),
    workloads: data.workloads.map((one) => ({
      ...one,
      cwd: path.resolve(directory, one.cwd ?? '.'),
    })),
  };
}

/** Reads the file. Throws SettingsError that says what is wrong and where. */
export function readSettings(file: string): AgentSettings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SettingsError(`${file} can not be read: ${describeThrown(cause)}`, { cause });
  }
  return parseSettings(text, file);
}
