import type { Metadata } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import {
  pageQuerySchema,
  ROLLOUT_ACTIONS,
  type RolloutActionName,
  rolloutManifestSchema,
} from '@luofleet/contracts';
import { RolloutsReader } from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import {
  type ActOnRolloutRequest,
  type ActOnRolloutResponse,
  type ApplyRolloutRequest,
  type ApplyRolloutResponse,
  type GetRolloutRequest,
  type GetRolloutResponse,
  type ListRolloutsRequest,
  type ListRolloutsResponse,
  RolloutAction,
} from '@luofleet/proto';
import { idempotencyKeyOf } from '../input/idempotency-key.header';
import { RolloutActions } from '../rollouts/rollout-actions.service';
import { RolloutIntake } from '../rollouts/rollout-intake.service';
import { planView, rolloutView } from '../rollouts/rollouts.view';
import { given, referenceIn } from './given';
import { OperatorHostCalls } from './operator-host.calls';
import { previewMessage, rolloutMessage } from './operator.views';

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
    @Inject(OperatorHostCalls) readonly hosts: OperatorHostCalls,
  ) {}

  async apply(request: ApplyRolloutRequest, metadata: Metadata): Promise<ApplyRolloutResponse> {
    const manifest = rolloutManifestSchema.parse(request.manifest);
    if (request.dryRun) return previewMessage(await this.intake.preview(manifest));
    // Several are none, as over HTTP, which joins them.
    const keys = metadata.get('idempotency-key');
    const idempotencyKey = idempotencyKeyOf(keys.length === 0 ? undefined : keys.join(', '));
    const rollout = await this.intake.apply(manifest, idempotencyKey);
    return { rollout: rolloutMessage(rollout), plan: planView(rollout.plan) };
  }

  async get(request: GetRolloutRequest): Promise<GetRolloutResponse> {
    const rollout = await this.rollouts.get(referenceIn(request));
    return { rollout: rolloutMessage(rollout), report: rolloutView(rollout).report };
  }

  async listRollouts(request: ListRolloutsRequest): Promise<ListRolloutsResponse> {
    const slice = await this.rollouts.list(pageQuerySchema.parse(given(request)));
    return { rollouts: slice.items.map(rolloutMessage), nextCursor: slice.nextCursor ?? '' };
  }

  async act(request: ActOnRolloutRequest): Promise<ActOnRolloutResponse> {
    const id = referenceIn(request);
    const name = ACTIONS[request.action];
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
