import { z } from 'zod';

export const summarySchema = z
  .object({
    hosts: z.object({ total: z.int(), online: z.int() }),
    rollouts: z.object({ byState: z.record(z.string(), z.int()) }),
    sessions: z.int(),
    files: z.int(),
  })
  .meta({ id: 'Summary' });
export type SummaryResponse = z.infer<typeof summarySchema>;

export const readinessSchema = z
  .object({
    ready: z.boolean(),
    checks: z.array(
      z.object({
        name: z.enum([
          'postgres',
          'transactions',
          'redis',
          'messages',
          'queue',
          'worker',
          'event-loop',
          'watch',
          'sweep',
        ]),
        ok: z.boolean(),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'ReadinessAnswer' });
export type ReadinessResponse = z.infer<typeof readinessSchema>;
