import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { HostUpdateResponse, RolloutActionName, RolloutResponse } from '@luofleet/contracts';
import type { RolloutKind } from '@luofleet/rollout';
import { postJson } from './api.client';

/**
 * What the page offers in each state: what would do something. The control plane decides; when the state has changed
 * in between, its refusal is shown.
 */
const OFFERED: Readonly<Record<RolloutKind, readonly RolloutActionName[]>> = {
  planned: ['pause', 'abort'],
  running: ['pause', 'abort'],
  paused: ['resume', 'retry', 'abort'],
  aborting: [],
  succeeded: [],
  failed: ['retry'],
  aborted: ['retry'],
};

export function offeredActions(state: string): readonly RolloutActionName[] {
  return (OFFERED as Readonly<Record<string, readonly RolloutActionName[]>>)[state] ?? [];
}

export type HostUpdateActionName = 'skip' | 'unskip';

/** What can be done with one host of a rollout that is in this state; null: nothing. */
export function offeredHostAction(
  update: Pick<HostUpdateResponse, 'state'>,
  rolloutState: string,
): HostUpdateActionName | null {
  if (update.state === 'pending') return 'skip';
  const isAbandoned = rolloutState === 'aborting' || rolloutState === 'aborted';
  return update.state === 'skipped' && !isAbandoned ? 'unskip' : null;
}

/** Acts on a rollout; the answer is the rollout as it is now and replaces what is cached. */
export function useRolloutAction(idOrName: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: RolloutActionName) =>
      postJson<RolloutResponse>(`/rollouts/${encodeURIComponent(idOrName)}/${action}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['rollout', idOrName] }),
  });
}
