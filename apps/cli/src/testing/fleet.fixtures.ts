import {
  type EventResponse,
  eventSchema,
  type HostResponse,
  hostSchema,
  type HostUpdateResponse,
  hostUpdateSchema,
  type PreservedFileResponse,
  fileSchema,
  type ReleaseResponse,
  releaseSchema,
  type RolloutResponse,
  rolloutSchema,
  type SessionWithFilesResponse,
  sessionWithFilesSchema,
  type WaveResponse,
} from '@luofleet/contracts';

const ID = '9c5b94b1-35ad-49bb-b118-8e8fc24abf80';
const AT = '2026-01-01T00:09:50.000Z';

export const host = (name: string, over: Partial<HostResponse> = {}): HostResponse =>
  hostSchema.parse({
    ...{
      id: ID,
      name,
      machineId: 'm-1',
      state: 'online',
      backend: 'engine',
      labels: { zone: 'a' },
    },
    ...{ failureDomain: 'rack-1', runningVersion: '1.0.0', runningSha256: '', kernelRelease: '6' },
    ...{ agentVersion: '1.0.0', bootId: 'b', incarnationId: 'i', handlers: ['memfd-v1'] },
    capabilities: ['release:runtime'],
    ...{ workloads: [{ name: 'kv', state: 'serving', detail: 'd', pid: 7 }], generation: 1 },
    ...{
      update: null,
      lastSeenAt: AT,
      registeredAt: AT,
      decommissionedAt: null,
      version: 1,
      ...over,
    },
  });

export const release = (over: Partial<ReleaseResponse> = {}): ReleaseResponse =>
  releaseSchema.parse({
    ...{ id: ID, name: 'runtime-1.1.0', kind: 'runtime', version: '1.1.0' },
    ...{ imageUri: 'file:///agent.cjs', imageSha256: 'a'.repeat(64), handlers: [], labels: {} },
    ...{ kernelCommandLine: '', initrdUri: '', initrdSha256: '', luoAbi: '', createdAt: AT },
    ...{ imageSizeBytes: 0, initrdSizeBytes: 0 },
    ...over,
  });

export const wave = (index: number, over: Partial<WaveResponse> = {}): WaveResponse => ({
  ...{ index, state: 'pending', reason: null, startedAt: null, finishedAt: null },
  ...{ hosts: { total: 2, byState: { pending: 2 }, byPhase: {} }, ...over },
});

const NOBODY = { total: 0, names: [] };

export const rollout = (
  state: RolloutResponse['state'],
  over: Partial<RolloutResponse> = {},
): RolloutResponse =>
  rolloutSchema.parse({
    ...{ id: ID, name: 'r', release: { id: ID, name: 'runtime-1.1.0', version: '1.1.0' } },
    ...{ selector: '', state, reason: null, version: 1 },
    hosts: { total: 2, byState: { succeeded: 2 }, byPhase: {} },
    blackoutMs: { count: 2, p50: 40, p99: 60, max: 60 },
    ...{ createdAt: AT, startedAt: AT, finishedAt: null },
    strategy: {
      ...{ waves: [1], maxConcurrent: 1, maxFailures: 0, soakMs: 0, finishRetryMs: 2000 },
      ...{ finishTriesMax: 3, offline: { waitMs: 1_800_000, then: 'skip' }, force: false },
      phaseTimeoutsMs: Object.fromEntries(
        ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify']
          .concat('rollback')
          .map((phase) => [phase, 1000]),
      ),
    },
    waves: [],
    plan: {
      hostsTotal: 2,
      warnings: [],
      waves: [
        {
          ...{ index: 0, size: null, hostsTotal: 2, hosts: [{ id: ID, name: 'host-1' }] },
          ...{ offline: NOBODY, onRelease: NOBODY },
        },
      ],
    },
    report: { headline: '', failuresLeft: 0, waitCounts: {}, waiting: [], waitingLeftOut: 0 },
    ...over,
  });

export const update = (
  hostName: string,
  over: Partial<HostUpdateResponse> = {},
): HostUpdateResponse =>
  hostUpdateSchema.parse({
    ...{ id: ID, rolloutId: ID, rolloutName: 'r', hostId: ID, hostName, waveIndex: 0, position: 0 },
    ...{ state: 'pending', phase: null, reason: null, attempt: 1, finishTries: 0, generation: 1 },
    ...{ deadlineAt: null, retryAt: null, abortRequested: false, fromVersion: '1.0.0' },
    ...{ toVersion: '1.1.0', frozenAt: null, resumedAt: null, blackoutMs: null, startedAt: null },
    ...{ finishedAt: null, version: 1, ...over },
  });

export const file = (over: Partial<PreservedFileResponse> = {}): PreservedFileResponse =>
  fileSchema.parse({
    ...{ sessionId: ID, sessionName: 'kv', hostId: ID, hostName: 'host-1', token: '0x1' },
    ...{ rolloutId: ID, name: 'store', compatible: 'memfd-v1' },
    ...{
      state: 'retrieved',
      assumed: false,
      sizeBytes: 3,
      dataHandle: '0x2',
      reason: null,
      updatedAt: AT,
    },
    ...over,
  });

export const session = (over: Partial<SessionWithFilesResponse> = {}): SessionWithFilesResponse =>
  sessionWithFilesSchema.parse({
    ...{
      id: ID,
      name: 'kv',
      workload: 'kv',
      hostId: ID,
      hostName: 'host-1',
      rolloutId: ID,
      rolloutName: 'r',
    },
    ...{
      hostUpdateId: ID,
      attempt: 1,
      state: 'finished',
      assumed: false,
      filesTotal: 1,
      createdAt: AT,
    },
    ...{ updatedAt: AT, files: [file()], ...over },
  });

export const event = (sequence: number, over: Partial<EventResponse> = {}): EventResponse =>
  eventSchema.parse({
    ...{ sequence, at: AT, kind: 'host-update-running', rolloutId: ID, hostId: null },
    ...{ hostUpdateId: null, reasonCode: '', message: 'moved', data: {}, ...over },
  });

export const page = <Item>(items: readonly Item[]) => ({ items, nextCursor: null });
