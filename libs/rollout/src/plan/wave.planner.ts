import type { Strategy, WaveSize } from '../model/strategy';

/**
 * DOC: the wave planner
 *
 * Purpose: splits the hosts of a rollout into waves, once, when the rollout is applied. The same hosts and strategy
 * always give the same plan, whatever order the hosts come in.
 *
 * Order: hosts that are online come before those that are not, so that no wave is spent on absent hosts while others are
 * there. Among each, hosts are sorted by name within their failure domain, then one is taken from each failure domain in turn, so
 * that a wave is spread over them as evenly as their sizes allow.
 *
 * Sizes: a count is that many hosts. A percent is of all hosts, rounded down, at least 1. Each wave takes what it asks
 * for or what is left; waves that would be empty are left out. Hosts that are left over form a last wave.
 */
export interface PlannableHost {
  readonly id: string;
  readonly name: string;
  /** Empty: hosts without one share a failure domain. */
  readonly failureDomain: string;
  readonly online: boolean;
}

export interface PlannedWave {
  readonly index: number;
  /** As the strategy asks for it; null: what the waves before left. */
  readonly size: WaveSize | null;
  /** In starting order. */
  readonly hostIds: readonly string[];
}

export interface WavePlan {
  readonly waves: readonly PlannedWave[];
}

export interface PlanProblem {
  /** Where in the input, for example `waves[1]`. */
  readonly path: string;
  readonly code: 'NO_HOSTS' | 'DUPLICATE_HOST' | 'BAD_WAVE_SIZE' | 'TOO_MANY_WAVES';
  readonly message: string;
}

export type WavePlanResult =
  | { readonly kind: 'planned'; readonly plan: WavePlan }
  | { readonly kind: 'invalid'; readonly problems: readonly PlanProblem[] };

/** More waves than this are a mistake in a manifest: each costs a full stop of the rollout. */
export const WAVES_MAX = 500;

/** Never throws; problems are values. */
export function planWaves(
  hosts: readonly PlannableHost[],
  strategy: Pick<Strategy, 'waves'>,
): WavePlanResult {
  const problems = [...checkHosts(hosts), ...checkSizes(strategy.waves)];
  if (problems.length > 0) return { kind: 'invalid', problems };
  const ordered = [true, false].flatMap((online) =>
    spreadOverFailureDomains(hosts.filter((host) => host.online === online)).map(({ id }) => id),
  );
  const waves: PlannedWave[] = [];
  let taken = 0;
  for (const size of [...strategy.waves, null]) {
    const hostIds = ordered.slice(taken, taken + countOf(size ?? ordered.length, ordered.length));
    if (hostIds.length === 0) break;
    waves.push({ index: waves.length, size, hostIds });
    taken += hostIds.length;
  }
  return { kind: 'planned', plan: { waves } };
}

function countOf(size: WaveSize, total: number): number {
  if (typeof size === 'number') return size;
  // Through text and back: 0.29 * 100 is not 29 in binary, and rounding down would lose a host.
  const exact = Number(((percentOf(size) * total) / 100).toFixed(6));
  return Math.max(1, Math.floor(exact));
}

function percentOf(size: `${number}%`): number {
  return Number(size.slice(0, -1));
}

function checkHosts(hosts: readonly PlannableHost[]): readonly PlanProblem[] {
  if (hosts.length === 0) {
    return [{ path: 'hosts', code: 'NO_HOSTS', message: 'no host matches the selector' }];
  }
  const seen = new Set<string>();
  const problems: PlanProblem[] = [];
  hosts.forEach(({ id, name }, index) => {
    if (seen.has(id)) {
      const message = `host ${name} (${id}) is there twice`;
      problems.push({ path: `hosts[${index}]`, code: 'DUPLICATE_HOST', message });
    }
    seen.add(id);
  });
  return problems;
}

function checkSizes(sizes: readonly WaveSize[]): readonly PlanProblem[] {
  if (sizes.length > WAVES_MAX) {
    const message = `${sizes.length} waves; at most ${WAVES_MAX} are allowed`;
    return [{ path: 'waves', code: 'TOO_MANY_WAVES', message }];
  }
  return sizes.flatMap((size, index) => {
    const message = problemOf(size);
    return message === null
      ? []
      : [{ path: `waves[${index}]`, code: 'BAD_WAVE_SIZE', message } as const];
  });
}

function problemOf(size: WaveSize): string | null {
  if (typeof size === 'number') {
    return Number.isSafeInteger(size) && size >= 1
      ? null
      : `${size} is not a size: a count of hosts is a whole number from 1 on`;
  }
  const ok = /^\d+(\.\d+)?%$/.test(size) && percentOf(size) > 0 && percentOf(size) <= 100;
  return ok ? null : `"${size}" is not a size: a percent is above 0% and at most 100%`;
}

function spreadOverFailureDomains(hosts: readonly PlannableHost[]): readonly PlannableHost[] {
  const domains = new Map<string, PlannableHost[]>();
  for (const host of hosts) {
    const members = domains.get(host.failureDomain);
    if (members === undefined) domains.set(host.failureDomain, [host]);
    else members.push(host);
  }
  const ranked = [...domains.entries()]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, members], domain) =>
      members.sort(byName).map((host, round) => ({ host, round, domain })),
    );
  ranked.sort((a, b) => a.round - b.round || a.domain - b.domain);
  return ranked.map(({ host }) => host);
}

function byName(a: PlannableHost, b: PlannableHost): number {
  return compareText(a.name, b.name) || compareText(a.id, b.id);
}

/** By code units: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
