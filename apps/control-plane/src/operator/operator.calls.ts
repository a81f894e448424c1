import type { Metadata } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import {
  decommissionSchema,
  hostsQuerySchema,
  pageQuerySchema,
  ROLLOUT_ACTIONS,
  type RolloutActionName,
  rolloutManifestSchema,
} from '@luofleet/contracts';
import { HostsReader, RolloutsReader } from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import {
  type ActOnRolloutRequest,
  type ActOnRolloutResponse,
  type ApplyRolloutRequest,
  type ApplyRolloutResponse,
  type DecommissionHostRequest,
  type DecommissionHostResponse,
  type GetRolloutRequest,
  type GetRolloutResponse,
  type ListHostsRequest,
  type ListHostsResponse,
  type ListRolloutsRequest,
  type ListRolloutsResponse,
  type RecommissionHostRequest,
  type RecommissionHostResponse,
  RolloutAction,
} from '@luofleet/proto';
import { HostLifecycle } from '../hosts/host-lifecycle.service';
import { idempotencyKeyOf } from '../rest/idempotency-key.header';
import { requirementsOf } from '../rest/selector.requirements';
import { RolloutActions } from '../rollouts/rollout-actions.service';
import { RolloutIntake } from '../rollouts/rollout-intake.service';
import { planView, rolloutView } from '../rollouts/rollouts.view';
import { hostMessage, previewMessage, rolloutMessage } from './operator.views';

const ACTIONS: Partial<Record<RolloutAction, RolloutActionName>> = {
  [RolloutAction.ROLLOUT_ACTION_PAUSE]: 'pause',
  [RolloutAction.ROLLOUT_ACTION_RESUME]: 'resume',
  [RolloutAction.ROLLOUT_ACTION_ABORT]: 'abort',
  [RolloutAction.ROLLOUT_ACTION_RETRY]: 'retry',
};

/** The calls with one answer, each checked by the schema of its REST counterpart. */
@Injectable()
export class OperatorCalls {
  constructor(
    @Inject(RolloutIntake) private readonly intake: RolloutIntake,
    @Inject(RolloutActions) private readonly actions: RolloutActions,
    @Inject(RolloutsReader) private readonly rollouts: RolloutsReader,
    @Inject(HostsReader) private readonly hosts: HostsReader,
    @Inject(HostLifecycle) private readonly lifecycle: HostLifecycle,
  ) {}

  async apply(request: ApplyRolloutRequest, metadata: Metadata): Promise<ApplyRolloutResponse> {
    const manifest = rolloutManifestSchema.parse(request.manifest);
    if (request.dryRun) return previewMessage(await this.intake.preview(manifest));
    const idempotencyKey = idempotencyKeyOf(metadata.get('idempotency-key')[0]?.toString());
    const rollout = await this.intake.apply(manifest, idempotencyKey);
    return { rollout: rolloutMessage(rollout), plan: planView(rollout.plan) };
  }

  async get({ id }: GetRolloutRequest): Promise<GetRolloutResponse> {
    const rollout = await this.rollouts.get(id);
    return { rollout: rolloutMessage(rollout), report: rolloutView(rollout).report };
  }

  async listRollouts(request: ListRolloutsRequest): Promise<ListRolloutsResponse> {
    const slice = await this.rollouts.list(pageQuerySchema.parse(given(request)));
    return { rollouts: slice.items.map(rolloutMessage), nextCursor: slice.nextCursor ?? '' };
  }

  async listHosts(request: ListHostsRequest): Promise<ListHostsResponse> {
    const { selector, ...query } = hostsQuerySchema.parse(given(request));
    const slice = await this.hosts.list({ ...query, requirements: requirementsOf(selector) });
    return { hosts: slice.items.map(hostMessage), nextCursor: slice.nextCursor ?? '' };
  }

  async decommission({
    id,
    ...request
  }: DecommissionHostRequest): Promise<DecommissionHostResponse> {
    const { reason } = decommissionSchema.parse(request);
    const hostId = await this.lifecycle.decommission(id, reason);
    return { host: hostMessage(await this.hosts.get(hostId)) };
  }

  async recommission({ id }: RecommissionHostRequest): Promise<RecommissionHostResponse> {
    const hostId = await this.lifecycle.recommission(id);
    return { host: hostMessage(await this.hosts.get(hostId)) };
  }

  async act({ id, action }: ActOnRolloutRequest): Promise<ActOnRolloutResponse> {
    const name = ACTIONS[action];
    if (name === undefined)
      throw new LuofleetError({
        code: 'INVALID_INPUT',
        operation: 'act on rollout',
        subject: `rollout ${id}`,
        detail: `The action is one of ${ROLLOUT_ACTIONS.join(', ')}.`,
        issues: [{ path: 'action', message: 'is not an action' }],
      });
    return { rollout: rolloutMessage(await this.actions.act(id, name)) };
  }
}

/** proto3 has no absent scalars: 0 and '' mean the default. */
function given<Request extends object>(request: Request): Partial<Request> {
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== 0 && value !== ''),
  ) as Partial<Request>;
}
