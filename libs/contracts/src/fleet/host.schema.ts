import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import { idSchema, timestampSchema, whySchema } from '../text/names.schema';
import { selectorSchema } from '../selector/selector.schema';
import { addedLater } from './added-later';
import { pageOf, pageQueryShape } from './page.schema';
import { BACKENDS, HOST_STATES, HOST_UPDATE_STATES, PHASE_NAMES } from '../words/states';

export const workloadSchema = z
  .object({
    name: z.string(),
    state: z.string().describe('starting, serving, quiesced or stopped; empty while unknown.'),
    detail: z.string(),
    pid: z.int(),
  })
  .meta({ id: 'Workload' });

export const currentUpdateSchema = z
  .object({
    id: idSchema,
    rolloutId: idSchema,
    rolloutName: z.string(),
    state: z.enum(HOST_UPDATE_STATES),
    phase: z.enum(PHASE_NAMES).nullable(),
  })
  .meta({ id: 'CurrentUpdate' });

export const hostSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    machineId: addedLater(
      z
        .string()
        .describe('What the machine is known by, whatever its name; empty: its agent sent none.'),
      '',
    ),
    state: z.enum(HOST_STATES),
    backend: z.enum(BACKENDS),
    labels: z.record(z.string(), z.string()),
    failureDomain: z.string(),
    runningVersion: z.string(),
    runningSha256: z.string(),
    kernelRelease: z.string(),
    agentVersion: z.string(),
    bootId: z.string(),
    incarnationId: z.string(),
    handlers: z.array(z.string()).describe('Compatible strings of the registered handlers.'),
    capabilities: addedLater(
      z
        .array(z.string())
        .describe('What its agent understands, for example `release:kernel`; empty: not known.'),
      [],
    ),
    workloads: z.array(workloadSchema),
    generation: z.int(),
    update: currentUpdateSchema.nullable().describe('The newest host update of this host, if any.'),
    lastSeenAt: timestampSchema.nullable(),
    registeredAt: timestampSchema,
    decommissionedAt: addedLater(
      timestampSchema
        .nullable()
        .describe('When it was taken out of the fleet; null while it is in it.'),
      null,
    ),
    version: z.int(),
  })
  .meta({ id: 'Host' });

export type HostResponse = z.infer<typeof hostSchema>;
export type WorkloadResponse = z.infer<typeof workloadSchema>;
export type CurrentUpdateResponse = z.infer<typeof currentUpdateSchema>;

export const hostPageSchema = pageOf(hostSchema, 'HostPage');

export const hostsQuerySchema = closedObject({
  ...pageQueryShape,
  selector: selectorSchema.default(''),
  state: z
    .enum(HOST_STATES)
    .optional()
    .describe('Only hosts in this state; without it all but decommissioned ones.'),
});

export const decommissionSchema = closedObject({ reason: whySchema }).prefault({});
