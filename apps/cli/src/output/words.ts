import type { BlackoutResponse, HostUpdateStateName, ReasonResponse } from '@luofleet/contracts';

/** What needs a person first, what is done last. */
const ATTENTION_ORDER: readonly HostUpdateStateName[] = [
  'failed',
  'lost',
  'lost-state',
  'rolled-back',
  'held',
  'rolling-back',
  'running',
  'pending',
  'skipped',
  'cancelled',
  'succeeded',
];

/** What a pending host update waits for that does not pass by itself. */
const BLOCKING_REASONS = ['HOST_OFFLINE', 'HOST_BUSY'];

/** Sorts states; one that this program does not know may need a person. */
export function attentionRank(state: string, reasonCode = ''): number {
  const blocked = state === 'pending' && BLOCKING_REASONS.includes(reasonCode);
  return ATTENTION_ORDER.findIndex((known) => known === (blocked ? 'held' : state));
}

/** How long ago, or `-`: "12s", "5m", "3h", "8d". */
export function ago(timestamp: string | null, nowMs: number): string {
  if (timestamp === null) return '-';
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(timestamp)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A state, and whether the host has not said so itself. */
export function formatEnd({ state, assumed }: { state: string; assumed: boolean }): string {
  return assumed ? `${state} (assumed)` : state;
}

export function formatReason(reason: ReasonResponse | null): string {
  if (reason === null) return '';
  const errno = reason.errnoCode ? ` (${reason.errnoCode})` : '';
  const subject = reason.subject ? `${reason.subject}: ` : '';
  return `${reason.code}: ${subject}${reason.detail}${errno}`;
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** "1 failed, 1 running, 4 succeeded": states without hosts are left out, what needs a person comes first. */
export function formatCounts(byState: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(byState)
    .filter(([, count]) => count !== undefined && count > 0)
    .sort(([a], [b]) => attentionRank(a) - attentionRank(b))
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

export function formatMs(durationMs: number | null): string {
  if (durationMs === null) return '-';
  return `${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)}ms`;
}

export function formatBlackout(blackout: BlackoutResponse): string {
  if (blackout.count === 0) return '-';
  return `p50 ${formatMs(blackout.p50)}, p99 ${formatMs(blackout.p99)}, max ${formatMs(blackout.max)} over ${formatHosts(blackout.count)}`;
}

/** "1 host", "4 hosts". */
export function formatHosts(count: number): string {
  return count === 1 ? '1 host' : `${count} hosts`;
}

/** Names before the rest is only counted. */
const NAMED_MAX = 8;

/** "web-100, web-109 and 6 more". */
export function formatSome(names: readonly string[], total: number, most = NAMED_MAX): string {
  const named = names.slice(0, most);
  const more = total - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
