import { formatDuration, type HostUpdateResponse, type RolloutResponse } from '@luofleet/contracts';
import { formatFields, formatTable } from '../output/columns';
import { formatBlackout, formatCounts, formatReason } from '../output/words';
import { describeFailures, describeWaits } from './rollout-trouble';

/** A rollout: how it stands, what has failed and what waits before anything else. */
export function describeRollout(
  rollout: RolloutResponse,
  failures: readonly HostUpdateResponse[],
  width: number,
): string[] {
  const { hosts, strategy } = rollout;
  const waits = describeWaits(rollout);
  return [
    ...formatFields([
      ['Name', rollout.name],
      ['State', rollout.state],
      ['Reason', formatReason(rollout.reason)],
      [
        'Hosts',
        `${hosts.byState.succeeded ?? 0} of ${hosts.total} succeeded: ${formatCounts(hosts.byState)}`,
      ],
    ]),
    '',
    ...(failures.length === 0
      ? ['Nothing has failed']
      : [
          'Failed',
          ...describeFailures(failures),
          `  to list them first: luofleet get updates ${rollout.name}; to do them again: luofleet retry ${rollout.name}`,
        ]),
    '',
    ...(waits.length === 0 ? ['Nothing is waiting'] : ['Waiting', ...waits]),
    '',
    'Waves',
    ...formatTable(
      [
        { heading: 'WAVE', cell: (wave) => wave.index + 1, isName: true },
        { heading: 'STATE', cell: (wave) => wave.state },
        { heading: 'HOSTS', cell: (wave) => wave.hosts.total },
        { heading: 'BY STATE', cell: (wave) => formatCounts(wave.hosts.byState) },
        { heading: 'BY PHASE', cell: (wave) => formatCounts(wave.hosts.byPhase) },
        { heading: 'REASON', cell: (wave) => formatReason(wave.reason) },
      ],
      rollout.waves,
      width,
    ).map((line) => `  ${line}`),
    '',
    ...formatFields([
      ['Id', rollout.id],
      ['Release', `${rollout.release.name} (${rollout.release.version})`],
      ['Selector', rollout.selector || '(every host)'],
      ['Blackout', formatBlackout(rollout.blackoutMs)],
      ['Strategy', describeStrategy(strategy)],
      ['Created', rollout.createdAt],
      ['Started', rollout.startedAt ?? ''],
      ['Finished', rollout.finishedAt ?? ''],
    ]),
  ];
}

function describeStrategy(strategy: RolloutResponse['strategy']): string {
  return [
    `waves ${strategy.waves.length === 0 ? 'one' : strategy.waves.join(', ')}`,
    `at most ${strategy.maxConcurrent} at once`,
    `pauses after more than ${strategy.maxFailures} failures`,
    describeOffline(strategy.offline),
    ...(strategy.force ? ['also hosts on the release'] : []),
    `soak ${formatDuration(strategy.soakMs)}`,
    `finish asked again after ${formatDuration(strategy.finishRetryMs)}, at most ${strategy.finishTriesMax} times`,
  ].join('; ');
}

function describeOffline({ waitMs, then }: RolloutResponse['strategy']['offline']): string {
  if (then === 'wait') return 'waits for offline hosts without end';
  const end = then === 'skip' ? 'skipped' : 'failed';
  return `a host that is offline for ${formatDuration(waitMs)} when its turn comes is ${end}`;
}
