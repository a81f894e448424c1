/**
 * DOC: kinds of events
 *
 * Purpose: the one list of what the record of events holds: each kind, what it tells, and what its data say. Who records
 * one, who reads one and docs/events.md follow from it.
 *
 * Happy path: `readEvent` gives an event of a known kind with its data.
 * Unhappy path: an event of a newer control plane, or one that an older one recorded with other data, is none of these:
 * `readEvent` gives null, and its message is what there is to show.
 */
import { z } from 'zod';
import { HOST_UPDATE_STATES, PHASE_NAMES, ROLLOUT_STATES, WAVE_STATES } from '../words/states';

/** Who caused a change: an operator's request, the planner, or a host's report; not known of what earlier versions recorded. */
export const ACTORS = ['operator', 'planner', 'host', 'unknown'] as const;
export type Actor = (typeof ACTORS)[number];

interface Kind<Data extends z.ZodObject = z.ZodObject> {
  /** What has happened, for people who read the docs. */
  readonly tells: string;
  readonly data: Data;
}

const hostName = z.string();
const actor = z.enum(ACTORS).default('unknown');

/** A kind for each state that something can get into: `wave-running`. */
function perState<Prefix extends string, State extends string, Data extends z.ZodObject>(
  prefix: Prefix,
  states: readonly State[],
  kind: Kind<Data>,
) {
  const kinds = states.map((state) => [`${prefix}-${state}`, kind] as const);
  return Object.fromEntries(kinds) as Record<`${Prefix}-${State}`, Kind<Data>>;
}

const arrival = z.object({
  hostName,
  machineId: z.string(),
  runningVersion: z.string(),
  backend: z.string(),
});

export const EVENT_KINDS = {
  'release-registered': {
    tells: 'A release was registered.',
    data: z.object({ releaseId: z.string(), version: z.string() }),
  },
  'rollout-applied': {
    tells: 'A rollout was stored, with its plan.',
    data: z.object({
      name: z.string(),
      release: z.string(),
      hostsTotal: z.int(),
      waves: z.int(),
    }),
  },
  'rollout-warned': {
    tells:
      'The plan of a rollout has something that an operator should know; the reason code says what.',
    data: z.object({ name: z.string() }),
  },
  ...perState(
    'rollout',
    ROLLOUT_STATES.filter((state) => state !== 'planned'),
    {
      tells: 'A rollout got into this state.',
      data: z.object({ name: z.string(), state: z.enum(ROLLOUT_STATES), actor }),
    },
  ),
  ...perState(
    'wave',
    WAVE_STATES.filter((state) => state !== 'pending'),
    {
      tells: 'A wave got into this state.',
      data: z.object({ index: z.int(), state: z.enum(WAVE_STATES) }),
    },
  ),
  ...perState('host-update', HOST_UPDATE_STATES, {
    tells: 'The update of a host got into this state.',
    data: z.object({
      hostName,
      state: z.enum(HOST_UPDATE_STATES),
      phase: z.enum(PHASE_NAMES).or(z.literal('')),
      attempt: z.int(),
      actor,
      blackoutMs: z.number().optional(),
    }),
  }),
  'host-registered': { tells: 'A host joined the fleet.', data: arrival },
  'host-renamed': {
    tells: 'A known machine connected under another name.',
    data: arrival.extend({ before: z.string() }),
  },
  'host-online': {
    tells: 'A host connected, or was heard of again.',
    data: arrival.partial().required({ hostName: true }),
  },
  'host-offline': { tells: 'A host is not connected any more.', data: z.object({ hostName }) },
  'host-decommissioned': {
    tells: 'An operator took a host out of the fleet.',
    data: z.object({ hostName, why: z.string().optional() }),
  },
  'host-recommissioned': {
    tells: 'An operator took a host into the fleet again.',
    data: z.object({ hostName }),
  },
  'host-identity-refused': {
    tells: 'A machine was refused that says it is a host of the fleet; the reason code says why.',
    data: z.object({
      hostName,
      claimedName: z.string(),
      machine: z.string(),
      enrolledMachine: z.string(),
    }),
  },
  'host-labels-refused': {
    tells: 'A host connected with labels that no selector can name; it is here without them.',
    data: z.object({ hostName, refused: z.array(z.string()) }),
  },
  'result-cut': {
    tells: 'A result was too large to be sent whole.',
    data: z.object({ hostName, phase: z.string(), leftOutFiles: z.int() }),
  },
  'set-aside': {
    tells: 'Something that was reported or decided could not be stored; it was set aside.',
    data: z.object({ kind: z.string(), subject: z.string().default('') }),
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type EventKind = keyof typeof EVENT_KINDS;

export type EventData<K extends EventKind> = z.output<(typeof EVENT_KINDS)[K]['data']>;

/** Kind and data of an event, which belong together. */
export type EventContent = {
  [K in EventKind]: { readonly kind: K; readonly data: Readonly<EventData<K>> };
}[EventKind];

/** What an event says; null for a kind or data that these contracts do not know. */
export function readEvent(event: {
  readonly kind: string;
  readonly data: unknown;
}): EventContent | null {
  if (!Object.hasOwn(EVENT_KINDS, event.kind)) return null;
  const kind = event.kind as EventKind;
  const read = EVENT_KINDS[kind].data.safeParse(event.data);
  return read.success ? ({ kind, data: read.data } as EventContent) : null;
}
