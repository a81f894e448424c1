import type {
  MatchedHost,
  NamedHosts,
  OverlappingRollout,
  PlanWarning,
  ReleaseRecord,
  StoredPlan,
} from '@luofleet/persistence';
import type { Strategy, WavePlan } from '@luofleet/rollout';

/** Hosts named in a plan before the rest is only counted. */
const NAMED_MAX = 8;

interface Planned {
  readonly hosts: readonly MatchedHost[];
  readonly waves: WavePlan['waves'];
  readonly release: Pick<ReleaseRecord, 'name' | 'version' | 'imageSha256'>;
  readonly strategy: Strategy;
  readonly overlaps: readonly OverlappingRollout[];
}

/** The plan with what an operator should know of its hosts before it starts. */
export function planWithWarnings({
  hosts,
  waves,
  release,
  strategy,
  overlaps,
}: Planned): StoredPlan {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const onRelease = ({ runningVersion, runningSha256 }: MatchedHost): boolean =>
    runningVersion === release.version && runningSha256 === release.imageSha256;
  const planned = waves.map(({ index, size, hostIds }) => {
    const members = hostIds.flatMap((id) => byId.get(id) ?? []);
    return {
      index,
      size,
      hosts: members.map(({ id, name }) => ({ id, name })),
      offline: named(members.filter(({ online }) => !online)),
      onRelease: named(members.filter(onRelease)),
    };
  });
  const warnings = [
    ...warnOfAbsence(planned, named(hosts.filter(({ online }) => !online)), strategy),
    ...warnOfRelease(named(hosts.filter(onRelease)), strategy),
    ...warnOfUnfit(
      hosts.filter((host) => host.lacks.length > 0 && (strategy.force || !onRelease(host))),
      release.name,
    ),
    ...overlaps.map(warnOfOverlap),
  ];
  return { hostsTotal: hosts.length, waves: planned, warnings };
}

function named(hosts: readonly MatchedHost[]): NamedHosts {
  return { total: hosts.length, names: hosts.slice(0, NAMED_MAX).map(({ name }) => name) };
}

function warnOfAbsence(
  [first]: readonly { readonly hosts: readonly unknown[]; readonly offline: NamedHosts }[],
  absent: NamedHosts,
  { offline: { waitMs, then } }: Strategy,
): PlanWarning[] {
  if (absent.total === 0) return [];
  const end = {
    skip: `Each is skipped once it has been offline for ${waitMs / 1000} s after its turn came.`,
    fail: `Each counts as failed once it has been offline for ${waitMs / 1000} s after its turn came.`,
    wait: 'The rollout waits for them without end.',
  }[then];
  const warnings: PlanWarning[] = [
    { code: 'HOSTS_OFFLINE', message: `${sayHosts(absent, 'offline')}. ${end}` },
  ];
  if (first !== undefined && first.offline.total === first.hosts.length)
    warnings.unshift({
      code: 'FIRST_WAVE_OFFLINE',
      message: 'No host of the first wave is online: it proves nothing about the release.',
    });
  return warnings;
}

function warnOfRelease(there: NamedHosts, { force }: Strategy): PlanWarning[] {
  if (there.total === 0) return [];
  const end = force
    ? 'The strategy forces the update of these, too.'
    : 'They are left out when their turn comes, unless strategy.force is true.';
  return [
    {
      code: 'ALREADY_ON_RELEASE',
      message: `${sayHosts(there, 'on this release already')}. ${end}`,
    },
  ];
}

function warnOfUnfit(unfit: readonly MatchedHost[], release: string): PlanWarning[] {
  if (unfit.length === 0) return [];
  const lacked = [...new Set(unfit.flatMap(({ lacks }) => lacks))].sort().join(', ');
  return [
    {
      code: 'RELEASE_UNFIT',
      message:
        `${sayHosts(named(unfit), `not able to take release ${release}`)}. Their agents do not understand ${lacked}. ` +
        'Their updates fail when their turn comes: update their agents first, or skip them.',
    },
  ];
}

function warnOfOverlap({ name, release, hosts }: OverlappingRollout): PlanWarning {
  return {
    code: 'OVERLAPPING_ROLLOUT',
    message:
      `Rollout ${name} brings release ${release} to ${hosts} of these hosts. One update at a time runs on a host, the ` +
      `other waits (HOST_BUSY); a host ends with the release whose turn comes last. Abort ${name} first if it should not go on.`,
  };
}

function sayHosts({ total, names }: NamedHosts, what: string): string {
  const more = total - names.length;
  const are = total === 1 ? 'host is' : 'hosts are';
  return `${total} ${are} ${what}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
