import { COMMAND_PHASES, OFFLINE_ENDS } from '@luofleet/rollout';
import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import {
  idOrNameSchema,
  idSchema,
  reasonSchema,
  timestampSchema,
  whySchema,
} from '../text/names.schema';
import { wholeNumberSchema } from '../text/whole-number.schema';
import { waveSizeSchema } from '../manifest/rollout-manifest.schema';
import { addedLater } from './added-later';
import { pageOf, pageQueryShape } from './page.schema';
import { HOST_UPDATE_STATES, PHASE_NAMES, ROLLOUT_STATES, WAVE_STATES } from '../words/states';

/** How many host updates there are of each state; states without any are absent. */
const countsByStateSchema = z.partialRecord(z.enum(HOST_UPDATE_STATES), z.int());
const countsByPhaseSchema = z.partialRecord(z.enum(PHASE_NAMES), z.int());

export const hostCountsSchema = z
  .object({
    total: z.int(),
    byState: countsByStateSchema,
    byPhase: countsByPhaseSchema.describe('Host updates under way, by the phase they are in.'),
  })
  .meta({ id: 'HostCounts' });

/** Over all hosts of the rollout whose blackout is known so far; nulls while there is none. */
export const blackoutSchema = z
  .object({
    count: z.int(),
    p50: z.number().nullable(),
    p99: z.number().nullable(),
    max: z.number().nullable(),
  })
  .meta({ id: 'BlackoutMs' });

export const releaseRefSchema = z
  .object({ id: idSchema, name: z.string(), version: z.string() })
  .meta({ id: 'ReleaseRef' });

export const rolloutSummarySchema = z
  .object({
    id: idSchema,
    name: z.string(),
    release: releaseRefSchema,
    selector: z.string(),
    state: z.enum(ROLLOUT_STATES),
    reason: reasonSchema.nullable(),
    hosts: hostCountsSchema,
    blackoutMs: blackoutSchema,
    createdAt: timestampSchema,
    startedAt: timestampSchema.nullable(),
    finishedAt: timestampSchema.nullable(),
    version: z.int(),
  })
  .meta({ id: 'RolloutSummary' });

export const strategySchema = z
  .object({
    waves: z.array(waveSizeSchema),
    maxConcurrent: z.int(),
    maxFailures: z.int(),
    soakMs: z.int(),
    finishRetryMs: z.int(),
    finishTriesMax: z.int(),
    offline: addedLater(z.object({ waitMs: z.int(), then: z.enum(OFFLINE_ENDS) }), {
      waitMs: 0,
      then: 'wait',
    }),
    force: addedLater(z.boolean(), true),
    phaseTimeoutsMs: z.record(z.enum(COMMAND_PHASES), z.int()),
  })
  .meta({ id: 'Strategy' });

export const waveSchema = z
  .object({
    index: z.int(),
    state: z.enum(WAVE_STATES),
    reason: reasonSchema.nullable(),
    hosts: hostCountsSchema,
    startedAt: timestampSchema.nullable(),
    finishedAt: timestampSchema.nullable(),
  })
  .meta({ id: 'Wave' });

export const plannedHostSchema = z
  .object({ id: idSchema, name: z.string(), waveIndex: z.int(), position: z.int() })
  .meta({ id: 'PlannedHost' });

const namedHostsSchema = z
  .object({ total: z.int(), names: z.array(z.string()).describe('The first few.') })
  .meta({ id: 'NamedHosts' });
const NOBODY = { total: 0, names: [] };

/** A stored plan names the first hosts of each wave; all of them are listed by their own path. */
export const planSchema = z
  .object({
    hostsTotal: z.int(),
    warnings: addedLater(
      z
        .array(z.object({ code: z.string(), message: z.string() }))
        .describe(
          'What to know before it starts: absent hosts, hosts on the release, other rollouts.',
        ),
      [],
    ),
    waves: z.array(
      z.object({
        index: z.int(),
        size: addedLater(
          waveSizeSchema
            .nullable()
            .describe(
              'As the strategy asks for it, percents rounded down; null: all that are left.',
            ),
          null,
        ),
        offline: addedLater(namedHostsSchema.describe('When the plan was made.'), NOBODY),
        onRelease: addedLater(
          namedHostsSchema.describe('They run the release; when the plan was made.'),
          NOBODY,
        ),
        hostsTotal: z.int(),
        hosts: z
          .array(z.object({ id: idSchema, name: z.string() }))
          .describe('In starting order: in a dry run all, otherwise the first few.'),
      }),
    ),
  })
  .meta({ id: 'Plan' });

/** One thing that does not move, and why. */
export const waitingSchema = z
  .object({
    subject: z.enum(['rollout', 'wave', 'host-update']),
    id: z.string().describe('Id of the rollout or host update, index of the wave.'),
    name: z.string().describe('Name of the rollout or host, "wave N" for a wave.'),
    reason: reasonSchema,
    until: timestampSchema
      .nullable()
      .describe('When it stops waiting at the latest, where that is known.'),
  })
  .meta({ id: 'Waiting' });

/** What the planner said last; empty until it has looked at the rollout. */
export const reportSchema = z
  .object({
    headline: z.string().describe('One line for people.'),
    failuresLeft: z
      .int()
      .nullable()
      .describe('How many more host updates may fail before the rollout pauses.'),
    waitCounts: z
      .record(z.string(), z.int())
      .describe('Host updates that wait, by reason code; also those that are left out below.'),
    waiting: z.array(waitingSchema),
    waitingLeftOut: z.int().describe('Entries beyond those in `waiting`.'),
  })
  .meta({ id: 'PlanReport' });

export const rolloutSchema = rolloutSummarySchema
  .extend({
    strategy: strategySchema,
    waves: z.array(waveSchema),
    plan: planSchema,
    report: reportSchema,
  })
  .meta({ id: 'Rollout' });

/** Answer to a dry run: nothing is stored, so there is no id and no state. */
export const rolloutPreviewSchema = z
  .object({
    dryRun: z.literal(true),
    name: z.string(),
    release: releaseRefSchema,
    selector: z.string(),
    strategy: strategySchema,
    plan: planSchema,
  })
  .meta({ id: 'RolloutPreview' });

export type HostCountsResponse = z.infer<typeof hostCountsSchema>;
export type BlackoutResponse = z.infer<typeof blackoutSchema>;
export type RolloutSummaryResponse = z.infer<typeof rolloutSummarySchema>;
export type RolloutResponse = z.infer<typeof rolloutSchema>;
export type RolloutPreviewResponse = z.infer<typeof rolloutPreviewSchema>;
export type WaveResponse = z.infer<typeof waveSchema>;
export type PlanResponse = z.infer<typeof planSchema>;
export type ReportResponse = z.infer<typeof reportSchema>;
export type WaitingResponse = z.infer<typeof waitingSchema>;
export type StrategyResponse = z.infer<typeof strategySchema>;

export const rolloutPageSchema = pageOf(rolloutSummarySchema, 'RolloutSummaryPage');

export const applyQuerySchema = closedObject({
  dryRun: z
    .enum(['true', 'false'], { error: 'dryRun is true or false' })
    .default('false')
    .transform((text) => text === 'true'),
});

export const hostUpdateSchema = z
  .object({
    id: idSchema,
    rolloutId: idSchema,
    rolloutName: z.string(),
    hostId: idSchema,
    hostName: z.string(),
    waveIndex: z.int(),
    position: z.int(),
    state: z.enum(HOST_UPDATE_STATES),
    phase: z.enum(PHASE_NAMES).nullable(),
    reason: reasonSchema.nullable(),
    attempt: z.int(),
    finishTries: z.int(),
    generation: z.int(),
    deadlineAt: timestampSchema.nullable(),
    retryAt: timestampSchema.nullable().describe('When a held finish is asked again.'),
    abortRequested: z.boolean(),
    fromVersion: z.string(),
    toVersion: z.string(),
    frozenAt: timestampSchema.nullable(),
    resumedAt: timestampSchema.nullable(),
    blackoutMs: z.number().nullable(),
    startedAt: timestampSchema.nullable(),
    finishedAt: timestampSchema.nullable(),
    version: z.int(),
  })
  .meta({ id: 'HostUpdate' });

export type PlannedHostResponse = z.infer<typeof plannedHostSchema>;
export const plannedHostPageSchema = pageOf(plannedHostSchema, 'PlannedHostPage');

export const planQuerySchema = closedObject({
  ...pageQueryShape,
  wave: wholeNumberSchema({
    ...{ min: 0, max: 1_000_000 },
    message: 'wave is the index of a wave, from 0 on',
  })
    .optional()
    .describe('Only the hosts of the wave with this index.'),
});

export type HostUpdateResponse = z.infer<typeof hostUpdateSchema>;
export const hostUpdatePageSchema = pageOf(hostUpdateSchema, 'HostUpdatePage');

export const hostUpdatesQuerySchema = closedObject({
  ...pageQueryShape,
  state: z.enum(HOST_UPDATE_STATES).optional(),
});

const HOSTS_MAX = 10_000;
const hostsSchema = z
  .array(idOrNameSchema)
  .max(HOSTS_MAX, `at most ${HOSTS_MAX} hosts`)
  .describe('Ids or names.');

export const skipHostSchema = closedObject({ reason: whySchema }).prefault({});

export const skipHostsSchema = closedObject({
  hosts: hostsSchema.default([]),
  offline: z.boolean().default(false).describe('All that have not started and are not connected.'),
  reason: whySchema,
}).refine(({ hosts, offline }) => offline || hosts.length > 0, {
  path: ['hosts'],
  message: 'name hosts, or say offline',
});

export const unskipHostsSchema = closedObject({ hosts: hostsSchema.min(1, 'name hosts') });
