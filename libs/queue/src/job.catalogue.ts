import { z } from 'zod';

/** What is known about a kind of job before it runs. */
export interface JobSpec<Schema extends z.ZodType = z.ZodType> {
  readonly queue: QueueName;
  /** Checked when a job is added and again when it is taken up. */
  readonly schema: Schema;
  /** Jobs with the same key wait only once. */
  readonly keyOf: (payload: z.output<Schema>) => string;
  readonly attempts: number;
  /** First wait before another attempt, milliseconds; doubled each time. */
  readonly backoffMs: number;
  /** How long one attempt may take, milliseconds. */
  readonly deadlineMs: number;
}

export const QUEUES = ['reconcile', 'phase'] as const;
export type QueueName = (typeof QUEUES)[number];

/** How many jobs of a queue one worker runs at once. */
export const QUEUE_CONCURRENCY: Readonly<Record<QueueName, number>> = { reconcile: 4, phase: 16 };

const spec = <Schema extends z.ZodType>(given: JobSpec<Schema>): JobSpec<Schema> => given;

/**
 * Every kind of job. A job only says "look at this": what is due is read from Postgres when it runs, so a job that is
 * lost, repeated or late does no harm, and the sweep adds it again.
 */
export const JOBS = {
  /** Ask the planner what is due in a rollout, and store it. */
  reconcile: spec({
    queue: 'reconcile',
    schema: z.strictObject({ rolloutId: z.uuid() }),
    keyOf: ({ rolloutId }) => rolloutId,
    attempts: 5,
    backoffMs: 100,
    deadlineMs: 60_000,
  }),
  /** Have the commands of one host update sent to the host. */
  phase: spec({
    queue: 'phase',
    schema: z.strictObject({ hostUpdateId: z.uuid(), hostId: z.uuid(), phase: z.string() }),
    keyOf: ({ hostUpdateId, phase }) => `${hostUpdateId}.${phase}`,
    attempts: 5,
    backoffMs: 100,
    deadlineMs: 30_000,
  }),
} as const;

export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as readonly JobName[];
export type JobPayload<Name extends JobName> = z.output<(typeof JOBS)[Name]['schema']>;

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(JOBS, name);
}
