import {
  HOST_UPDATE_STATES,
  hostUpdatePageSchema,
  type HostUpdateResponse,
  type RolloutResponse,
  type WaitingResponse,
} from '@luofleet/contracts';
import { HOST_UPDATE_TRAITS } from '@luofleet/rollout';
import type { ControlPlaneClient } from '../api/control-plane.client';
import { formatHosts, formatSome } from '../output/words';

/** Causes shown before the rest is only counted. */
const CAUSES_MAX = 20;

/** Every host update of the rollout that has failed. */
export async function failuresOf(
  client: ControlPlaneClient,
  { id, hosts }: RolloutResponse,
): Promise<HostUpdateResponse[]> {
  const failures: HostUpdateResponse[] = [];
  for (const state of HOST_UPDATE_STATES)
    if (HOST_UPDATE_TRAITS[state].failure && (hosts.byState[state] ?? 0) > 0)
      for await (const one of client.list(`/rollouts/${id}/updates`, hostUpdatePageSchema, {
        state,
      }))
        failures.push(one);
  return failures;
}

/** What failed, grouped by cause, the most frequent first: the cause, the first hosts, and what one of them says. */
export function describeFailures(failures: readonly HostUpdateResponse[]): string[] {
  const causes = [...groupBy(failures, causeOf)].sort(([, a], [, b]) => b.length - a.length);
  return [
    ...causes.slice(0, CAUSES_MAX).flatMap(([cause, group]) => [
      `  ${cause}: ${formatHosts(group.length)}: ${formatSome(
        group.map(({ hostName }) => hostName),
        group.length,
      )}`,
      ...oneDetailOf(group.map(({ hostName, reason }) => [hostName, reason?.detail ?? ''])),
    ]),
    ...(causes.length > CAUSES_MAX ? [`  and ${causes.length - CAUSES_MAX} more causes`] : []),
  ];
}

function causeOf({ state, phase, reason }: HostUpdateResponse): string {
  const errno = reason?.errnoCode ? ` (${reason.errnoCode})` : '';
  const subject = reason?.subject ? ` of ${reason.subject}` : '';
  const where = phase === null ? '' : ` in ${phase}`;
  return `${reason?.code ?? 'UNKNOWN'}${errno}${where}${subject}, ${state}`;
}

/** What waits, grouped by why; the counts are the control plane's, also of what it left out. */
export function describeWaits({ report }: RolloutResponse): string[] {
  const groups = groupBy(report.waiting, ({ subject, reason }) => `${subject} ${reason.code}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const total = Math.max(totalOf(first, report), group.length);
    const names = formatSome(
      group.map(({ name }) => name),
      total,
    );
    const many = first.subject === 'host-update' ? `${formatHosts(total)}: ` : '';
    return [
      `  ${first.reason.code}: ${many}${names}`,
      ...oneDetailOf(group.map(({ name, reason }) => [name, reason.detail])),
    ];
  });
}

function totalOf({ subject, reason }: WaitingResponse, report: RolloutResponse['report']): number {
  return subject === 'host-update' ? (report.waitCounts[reason.code] ?? 0) : 0;
}

/** The detail of the first, and whether others say more than another name. */
function oneDetailOf(details: readonly (readonly [name: string, detail: string])[]): string[] {
  const [first] = details;
  if (first === undefined || first[1] === '') return [];
  const kinds = new Set(details.map(([name, detail]) => detail.replaceAll(name, '…')));
  return [`    ${first[1]}${kinds.size > 1 ? ` (of ${first[0]}; others differ)` : ''}`];
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
