import type {
  EventResponse,
  HostResponse,
  HostUpdateResponse,
  PreservedFileResponse,
  ReleaseResponse,
  RolloutSummaryResponse,
  SessionResponse,
} from '@luofleet/contracts';
import type { Column } from '../output/columns';
import {
  ago,
  formatCounts,
  formatEnd,
  formatLabels,
  formatMs,
  formatReason,
} from '../output/words';

export const hostColumns = (nowMs: number): Column<HostResponse>[] => [
  { heading: 'NAME', cell: (host) => host.name, isName: true },
  { heading: 'STATE', cell: (host) => host.state },
  { heading: 'BACKEND', cell: (host) => host.backend },
  { heading: 'RUNNING', cell: (host) => host.runningVersion },
  {
    heading: 'UPDATE',
    cell: ({ update }) =>
      update
        ? `${update.rolloutName} ${update.state}${update.phase ? `/${update.phase}` : ''}`
        : '',
  },
  { heading: 'FAILURE DOMAIN', cell: (host) => host.failureDomain },
  { heading: 'LABELS', cell: (host) => formatLabels(host.labels) },
  { heading: 'SEEN', cell: (host) => ago(host.lastSeenAt, nowMs) },
];

export const releaseColumns = (nowMs: number): Column<ReleaseResponse>[] => [
  { heading: 'NAME', cell: (release) => release.name, isName: true },
  { heading: 'KIND', cell: (release) => release.kind },
  { heading: 'VERSION', cell: (release) => release.version },
  { heading: 'SHA256', cell: (release) => release.imageSha256.slice(0, 12) },
  { heading: 'HANDLERS', cell: (release) => release.handlers.length },
  { heading: 'AGE', cell: (release) => ago(release.createdAt, nowMs) },
];

export const rolloutColumns = (nowMs: number): Column<RolloutSummaryResponse>[] => [
  { heading: 'NAME', cell: (rollout) => rollout.name, isName: true },
  { heading: 'RELEASE', cell: (rollout) => rollout.release.name },
  { heading: 'STATE', cell: (rollout) => rollout.state },
  { heading: 'HOSTS', cell: ({ hosts }) => `${hosts.byState.succeeded ?? 0}/${hosts.total}` },
  { heading: 'BY STATE', cell: ({ hosts }) => formatCounts(hosts.byState) },
  { heading: 'BLACKOUT P99', cell: ({ blackoutMs }) => formatMs(blackoutMs.p99) },
  { heading: 'AGE', cell: (rollout) => ago(rollout.createdAt, nowMs) },
  { heading: 'REASON', cell: (rollout) => formatReason(rollout.reason) },
];

export const updateColumns: Column<HostUpdateResponse>[] = [
  { heading: 'HOST', cell: (update) => update.hostName, isName: true },
  { heading: 'WAVE', cell: (update) => update.waveIndex + 1 },
  { heading: 'STATE', cell: (update) => update.state },
  { heading: 'PHASE', cell: (update) => update.phase ?? '' },
  { heading: 'ATTEMPT', cell: (update) => update.attempt },
  { heading: 'FROM', cell: (update) => update.fromVersion },
  { heading: 'BLACKOUT', cell: (update) => formatMs(update.blackoutMs) },
  { heading: 'REASON', cell: (update) => formatReason(update.reason) },
];

export const sessionColumns = (nowMs: number): Column<SessionResponse>[] => [
  { heading: 'ID', cell: (session) => session.id, isName: true },
  { heading: 'NAME', cell: (session) => session.name },
  { heading: 'HOST', cell: (session) => session.hostName },
  { heading: 'ROLLOUT', cell: (session) => session.rolloutName },
  { heading: 'STATE', cell: formatEnd },
  { heading: 'FILES', cell: (session) => session.filesTotal },
  { heading: 'AGE', cell: (session) => ago(session.createdAt, nowMs) },
];

export const fileColumns: Column<PreservedFileResponse>[] = [
  { heading: 'HOST', cell: (file) => file.hostName, isName: true },
  { heading: 'SESSION', cell: (file) => file.sessionName },
  { heading: 'TOKEN', cell: (file) => file.token },
  { heading: 'NAME', cell: (file) => file.name, isName: true },
  { heading: 'COMPATIBLE', cell: (file) => file.compatible },
  { heading: 'STATE', cell: formatEnd },
  { heading: 'BYTES', cell: (file) => file.sizeBytes },
  { heading: 'REASON', cell: (file) => formatReason(file.reason) },
];

export const eventColumns: Column<EventResponse>[] = [
  { heading: 'SEQUENCE', cell: (event) => event.sequence, isName: true },
  { heading: 'AT', cell: (event) => event.at },
  { heading: 'KIND', cell: (event) => event.kind },
  { heading: 'MESSAGE', cell: (event) => event.message },
];
