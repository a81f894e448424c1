import type {
  HostResponse,
  Page,
  ReleaseResponse,
  RolloutResponse,
  SessionWithFilesResponse,
} from '@luofleet/contracts';
import { formatDuration } from '@luofleet/contracts';
import { CliError, EXIT } from '../cli.error';
import { fileColumns } from '../kinds/kind.columns';
import type { Kind } from '../kinds/kinds';
import { formatFields, formatTable } from '../output/columns';
import { formatBlackout, formatCounts, formatLabels, formatReason } from '../output/words';
import type { CommandContext } from './command.context';

/** Everything about one thing; for a rollout also why what does not move is waiting. */
export async function describe(context: CommandContext, kind: Kind, name: string): Promise<void> {
  const path = `/${kind}/${encodeURIComponent(name)}`;
  switch (kind) {
    case 'hosts': {
      const host = await context.client.request<HostResponse>(path);
      const { items } = await context.client.request<Page<SessionWithFilesResponse>>(
        `${path}/sessions`,
        { query: { limit: 10 } },
      );
      context.printer.object({ ...host, sessions: items }, () => describeHost(host, items));
      return;
    }
    case 'releases':
      context.printer.object(await context.client.request<ReleaseResponse>(path), describeRelease);
      return;
    case 'rollouts':
      context.printer.object(await context.client.request<RolloutResponse>(path), describeRollout);
      return;
    case 'sessions':
      context.printer.object(
        await context.client.request<SessionWithFilesResponse>(path),
        describeSession,
      );
      return;
    case 'updates':
    case 'files':
    case 'events':
      throw new CliError(
        EXIT.usage,
        `${kind} have no names of their own; use: luofleet get ${kind} -o yaml`,
      );
  }
}

export function describeRollout(rollout: RolloutResponse): string {
  const { strategy, report } = rollout;
  const { waitingLeftOut } = report;
  const waiting = report.waiting.map(({ name, reason }) => `  ${name}: ${formatReason(reason)}`);
  return [
    formatFields([
      ['Name', rollout.name],
      ['Id', rollout.id],
      ['State', rollout.state],
      ['Reason', formatReason(rollout.reason)],
      ['Report', report.headline],
      ['Release', `${rollout.release.name} (${rollout.release.version})`],
      ['Selector', rollout.selector || '(every host)'],
      ['Hosts', `${rollout.hosts.total}: ${formatCounts(rollout.hosts.byState)}`],
      ['Blackout', formatBlackout(rollout.blackoutMs)],
      ['Strategy', describeStrategy(strategy)],
      ['Created', rollout.createdAt],
      ['Started', rollout.startedAt ?? ''],
      ['Finished', rollout.finishedAt ?? ''],
    ]),
    '',
    'Waves',
    formatTable(
      [
        { heading: '  WAVE', cell: (wave) => `  ${wave.index + 1}` },
        { heading: 'STATE', cell: (wave) => wave.state },
        { heading: 'HOSTS', cell: (wave) => wave.hosts.total },
        { heading: 'BY STATE', cell: (wave) => formatCounts(wave.hosts.byState) },
        { heading: 'BY PHASE', cell: (wave) => formatCounts(wave.hosts.byPhase) },
        { heading: 'REASON', cell: (wave) => formatReason(wave.reason) },
      ],
      rollout.waves,
    ),
    '',
    waiting.length === 0 ? 'Nothing is waiting' : 'Waiting',
    ...waiting,
    ...(waitingLeftOut > 0 ? [`  and ${waitingLeftOut} more`] : []),
  ].join('\n');
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

function describeHost(host: HostResponse, sessions: readonly SessionWithFilesResponse[]): string {
  const { update } = host;
  return [
    formatFields([
      ['Name', host.name],
      ['Id', host.id],
      ['State', host.state],
      ['Backend', host.backend],
      ['Running', host.runningVersion],
      ['Kernel', host.kernelRelease],
      ['Agent', host.agentVersion],
      ['Boot id', host.bootId],
      ['Incarnation', host.incarnationId],
      ['Labels', formatLabels(host.labels)],
      ['Failure domain', host.failureDomain],
      ['Handlers', host.handlers.join(', ')],
      ['Update', update ? `${update.rolloutName}: ${update.state} ${update.phase ?? ''}` : ''],
      ['Last seen', host.lastSeenAt ?? ''],
    ]),
    '',
    'Workloads',
    ...host.workloads.map(({ name, state, detail }) =>
      `  ${name}  ${state || 'unknown'}  ${detail}`.trimEnd(),
    ),
    '',
    'Newest sessions',
    ...sessions.map((session) => indent(describeSession(session))),
  ].join('\n');
}

function describeSession(session: SessionWithFilesResponse): string {
  return [
    formatFields([
      ['Name', session.name],
      ['Id', session.id],
      ['Host', session.hostName],
      ['Rollout', session.rolloutName],
      ['Attempt', session.attempt],
      ['State', session.state],
      ['Updated', session.updatedAt],
    ]),
    indent(formatTable(fileColumns.slice(2), session.files)),
  ].join('\n');
}

function describeRelease(release: ReleaseResponse): string {
  return formatFields([
    ['Name', release.name],
    ['Id', release.id],
    ['Kind', release.kind],
    ['Version', release.version],
    ['Image', release.imageUri],
    ['Sha256', release.imageSha256],
    ['Handlers', release.handlers.join(', ')],
    ['Command line', release.kernelCommandLine],
    ['Initrd', release.initrdUri],
    ['LUO ABI', release.luoAbi],
    ['Labels', formatLabels(release.labels)],
    ['Created', release.createdAt],
  ]);
}

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');
