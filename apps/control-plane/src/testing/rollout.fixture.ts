/** Rollouts as an operator applies and watches them, over REST. */
import type { HostUpdateResponse, RolloutResponse } from '@luofleet/contracts';
import { within } from '@luofleet/platform';
import type { ControlPlaneFixture } from './control-plane.fixture';

/** A control plane as REST clients see it. */
export type RestPlane = Pick<ControlPlaneFixture, 'ask' | 'baseUrl'>;

export async function applyRollout(
  plane: RestPlane,
  { name, selector, strategy }: { name: string; selector: string; strategy: object },
): Promise<RolloutResponse> {
  const answer = await plane.ask<RolloutResponse>('/api/v1/rollouts', {
    method: 'POST',
    body: {
      apiVersion: 'luofleet.dev/v1',
      kind: 'Rollout',
      metadata: { name },
      spec: { release: 'runtime-1.1.0', selector, strategy },
    },
  });
  if (answer.status !== 201) throw new Error(`rollout not applied: ${answer.text}`);
  return answer.body;
}

/** The rollout once it is in this state: looked at after each of its events. Rejects when that takes too long. */
export async function rolloutIn(
  plane: RestPlane,
  name: string,
  state: string,
  boundMs = 30_000,
): Promise<RolloutResponse> {
  let seen: RolloutResponse | undefined;
  const watching = async (signal: AbortSignal) => {
    const url = `${plane.baseUrl}/api/v1/events/stream?rollout=${name}&after=0`;
    const events = await fetch(url, { signal });
    for await (const _chunk of events.body ?? []) {
      seen = (await plane.ask<RolloutResponse>(`/api/v1/rollouts/${name}`)).body;
      if (seen.state === state) return seen;
    }
    throw new Error(`the event stream ended before rollout ${name} was ${state}`);
  };
  const watch = new AbortController();
  try {
    return await within(boundMs, watching(watch.signal), () => {
      const last = `${seen?.state}, ${seen?.report?.headline}`;
      return new Error(`rollout ${name} was not ${state} within ${boundMs} ms, but ${last}`);
    });
  } finally {
    watch.abort();
  }
}

export async function updatesOf(plane: RestPlane, name: string): Promise<HostUpdateResponse[]> {
  const { body } = await plane.ask<{ items: HostUpdateResponse[] }>(
    `/api/v1/rollouts/${name}/updates`,
  );
  return body.items;
}
