import {
  type HostResponse,
  hostSchema,
  type ReleaseResponse,
  releaseSchema,
  rolloutSchema,
  type SessionWithFilesResponse,
  sessionWithFilesPageSchema,
  sessionWithFilesSchema,
} from '@luofleet/contracts';
import { pathPart } from '../api/path-part';
import { CliError, EXIT } from '../cli.error';
import { fileColumns } from '../kinds/kind.columns';
import type { Kind } from '../kinds/kinds';
import { formatFields, formatTable } from '../output/columns';
import { formatEnd, formatLabels } from '../output/words';
import type { CommandContext } from './command.context';
import { describeRollout } from './describe-rollout';
import { failuresOf } from './rollout-trouble';

/** Columns of a table that stands two in. */
const INDENT = 2;

/** Everything about one thing; for a rollout also what has failed and why what does not move is waiting. */
export async function describe(
  { client, printer }: CommandContext,
  kind: Kind,
  name: string,
): Promise<void> {
  const path = `/${kind}/${pathPart(name)}`;
  const width = printer.width - INDENT;
  switch (kind) {
    case 'hosts': {
      const host = await client.request(path, hostSchema);
      const { items } = await client.request(`${path}/sessions`, sessionWithFilesPageSchema, {
        query: { limit: 10 },
      });
      printer.object({ ...host, sessions: items }, () => describeHost(host, items, width - INDENT));
      return;
    }
    case 'releases':
      printer.object(await client.request(path, releaseSchema), describeRelease);
      return;
    case 'rollouts': {
      const rollout = await client.request(path, rolloutSchema);
      const failures = printer.format === 'table' ? await failuresOf(client, rollout) : [];
      printer.object(rollout, () => describeRollout(rollout, failures, width));
      return;
    }
    case 'sessions': {
      const session = await client.request(path, sessionWithFilesSchema);
      printer.object(session, () => describeSession(session, width));
      return;
    }
    case 'updates':
    case 'files':
    case 'events':
      throw new CliError(
        EXIT.usage,
        `${kind} have no names of their own; use: luofleet get ${kind} -o yaml`,
      );
  }
}

function describeHost(
  host: HostResponse,
  sessions: readonly SessionWithFilesResponse[],
  width: number,
): string[] {
  const { update } = host;
  return [
    ...formatFields([
      ['Name', host.name],
      ['Id', host.id],
      ['Machine id', host.machineId],
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
      ['Understands', host.capabilities.join(', ')],
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
    ...sessions.flatMap((session) => describeSession(session, width).map(indent)),
  ];
}

function describeSession(session: SessionWithFilesResponse, width: number): string[] {
  return [
    ...formatFields([
      ['Name', session.name],
      ['Id', session.id],
      ['Host', session.hostName],
      ['Rollout', session.rolloutName],
      ['Attempt', session.attempt],
      ['State', formatEnd(session)],
      ['Updated', session.updatedAt],
    ]),
    ...formatTable(fileColumns.slice(2), session.files, width).map(indent),
  ];
}

function describeRelease(release: ReleaseResponse): string[] {
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

const indent = (line: string): string => (line === '' ? '' : `  ${line}`);
