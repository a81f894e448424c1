import { z } from 'zod';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** One fault in what was sent. */
export const problemFaultSchema = z.object({
  path: z
    .string()
    .describe('Where: "spec.strategy.waves[1]", or a query parameter; empty for the whole.'),
  message: z.string(),
});

/** RFC 9457. `code` is stable and the same over REST and gRPC; `detail` says what went wrong and what to do. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    instance: z.string().describe('Path of the request.'),
    errors: z.array(problemFaultSchema),
  })
  .meta({ id: 'Problem' });

export type ProblemFault = z.infer<typeof problemFaultSchema>;
export type Problem = z.infer<typeof problemSchema>;
