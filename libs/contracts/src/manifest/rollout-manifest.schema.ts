/**
 * DOC: the rollout manifest
 *
 * Purpose: what an operator applies. One schema validates it in the control plane, types it in the CLI and the
 * dashboard, and describes it in OpenAPI.
 *
 * Happy path: `rolloutManifestSchema.safeParse(value)` gives the manifest with every default filled in and every
 * duration in milliseconds. Unhappy path: every fault with its path; unknown fields are faults.
 */
import {
  COMMAND_PHASES,
  type CommandPhase,
  OFFLINE_ENDS,
  PHASE_TIMEOUT_DEFAULTS_MS,
  WAVES_MAX,
} from '@luofleet/rollout';
import { z } from 'zod';
import { idOrNameSchema, nameSchema } from '../text/names.schema';
import { DURATION_MS_MAX, DURATION_PATTERN, parseDurationMs } from '../text/duration';
import { selectorSchema } from '../selector/selector.schema';
import { closedObject } from '../request/closed-object';

export const API_VERSION = 'luofleet.dev/v1';

/** What each absent field of a strategy means. */
export const STRATEGY_DEFAULTS = {
  waves: [],
  maxConcurrent: 10,
  maxFailures: 0,
  soak: '0s',
  finishRetry: '2s',
  finishTriesMax: 10,
  offline: { waitFor: '30m', then: 'skip' },
  force: false,
} as const;

const eachPhase = <Value>(of: (phase: CommandPhase) => Value) =>
  Object.fromEntries(COMMAND_PHASES.map((phase) => [phase, of(phase)])) as Record<
    CommandPhase,
    Value
  >;

export const PHASE_TIMEOUT_DEFAULTS = eachPhase(
  (phase) => `${PHASE_TIMEOUT_DEFAULTS_MS[phase] / 1000}s`,
);

const DURATION_MESSAGE = 'a duration is text with a unit, for example "30s", "500ms" or "1h30m"';

const durationSchema = (least: 'zero' | 'positive') =>
  z
    .string({ error: DURATION_MESSAGE })
    .regex(DURATION_PATTERN, { error: DURATION_MESSAGE, abort: true })
    .refine((text) => (parseDurationMs(text) ?? 0) <= DURATION_MS_MAX, 'a duration is at most 24h')
    .refine(
      (text) => least === 'zero' || parseDurationMs(text) !== 0,
      'this duration must be longer than 0',
    );

const asMs = (text: string): number => parseDurationMs(text) ?? Number.NaN;

const durationMs = (least: 'zero' | 'positive', standard: string) =>
  durationSchema(least).default(standard).transform(asMs);

const WAVE_SIZE_MESSAGE =
  'a wave size is a count (1 or more) or a percent of all hosts ("1%" to "100%")';

export const waveSizeSchema = z.union(
  [
    z.int().min(1, WAVE_SIZE_MESSAGE).max(1_000_000),
    z
      .templateLiteral([z.int(), '%'])
      .refine((text) => /^(100|[1-9][0-9]?)%$/.test(text), WAVE_SIZE_MESSAGE),
  ],
  { error: WAVE_SIZE_MESSAGE },
);

export const phaseTimeoutsSchema = closedObject(
  eachPhase((phase) => durationMs('positive', PHASE_TIMEOUT_DEFAULTS[phase])),
)
  .prefault({})
  .describe('How long the control plane waits for the result of each phase.');

export const strategyManifestSchema = closedObject({
  waves: z
    .array(waveSizeSchema)
    .max(WAVES_MAX, `at most ${WAVES_MAX} waves`)
    .default([...STRATEGY_DEFAULTS.waves])
    .describe('Sizes of the waves in order; hosts that are left form a last wave.'),
  maxConcurrent: z
    .int()
    .min(1)
    .max(100_000)
    .default(STRATEGY_DEFAULTS.maxConcurrent)
    .describe('Most host updates in flight at once over the whole rollout.'),
  maxFailures: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(STRATEGY_DEFAULTS.maxFailures)
    .describe(
      'The rollout pauses once more host updates than this have ended other than succeeded.',
    ),
  soak: durationMs('zero', STRATEGY_DEFAULTS.soak).describe(
    'How long workloads must stay healthy before a host update succeeds.',
  ),
  finishRetry: durationMs('positive', STRATEGY_DEFAULTS.finishRetry).describe(
    'How long after a refused finish it is asked again.',
  ),
  finishTriesMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(STRATEGY_DEFAULTS.finishTriesMax)
    .describe('How often finish is asked before the host update fails.'),
  offline: closedObject({
    waitFor: durationMs('zero', STRATEGY_DEFAULTS.offline.waitFor).describe(
      'How long a host may stay offline once its turn has come.',
    ),
    then: z
      .enum(OFFLINE_ENDS, { error: `then is one of ${OFFLINE_ENDS.join(', ')}` })
      .default(STRATEGY_DEFAULTS.offline.then)
      .describe(
        'skip: it is left out; fail: it counts as failed; wait: waited for without end, whatever waitFor says.',
      ),
  }).prefault({}),
  force: z
    .boolean()
    .default(STRATEGY_DEFAULTS.force)
    .describe('Update hosts that run the release already, too; they are left out otherwise.'),
  phaseTimeouts: phaseTimeoutsSchema,
}).prefault({});

export const rolloutManifestSchema = closedObject({
  apiVersion: z.literal(API_VERSION, { error: `apiVersion must be "${API_VERSION}"` }),
  kind: z.literal('Rollout', { error: 'kind must be "Rollout"' }),
  metadata: closedObject({ name: nameSchema }),
  spec: closedObject({
    release: idOrNameSchema.describe('Name or id of a registered release.'),
    selector: selectorSchema.default(''),
    strategy: strategyManifestSchema,
  }),
}).meta({ id: 'RolloutManifest' });

/** A manifest as written. */
export type RolloutManifestInput = z.input<typeof rolloutManifestSchema>;
/** A manifest with every default filled in; durations in milliseconds. */
export type RolloutManifest = z.output<typeof rolloutManifestSchema>;
