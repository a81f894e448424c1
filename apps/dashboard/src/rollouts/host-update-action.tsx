import type { HostUpdateResponse, RolloutResponse } from '@luofleet/contracts';
import { postJson } from '../api/api.client';
import { type HostUpdateActionName } from '../api/rollout.actions';
import { ConfirmedCall } from '../ui/confirmed-call';

export const HOST_UPDATE_ACTION_LABELS = { skip: 'Skip', unskip: 'Unskip' } as const;

const CONSEQUENCES: Readonly<Record<HostUpdateActionName, string>> = {
  skip: 'The host is left out: the rollout goes on and ends without it. A host that has started by now is not touched.',
  unskip:
    'The host is updated when its turn comes, also when it runs the release already. A rollout that has ended is taken up again.',
};

interface HostUpdateActionProps {
  readonly rollout: Pick<RolloutResponse, 'id' | 'name'>;
  readonly update: Pick<HostUpdateResponse, 'hostId' | 'hostName'>;
  readonly action: HostUpdateActionName;
  readonly onClose: () => void;
}

/** Leaves one host out of the rollout, or takes it up again; once it is confirmed. */
export function HostUpdateAction({ rollout, update, action, onClose }: HostUpdateActionProps) {
  const label = HOST_UPDATE_ACTION_LABELS[action];
  return (
    <ConfirmedCall
      title={`${label} ${update.hostName} in ${rollout.name}?`}
      doing={label}
      confirmLabel={`${label} host`}
      call={() => postJson(`/rollouts/${rollout.id}/updates/${update.hostId}/${action}`)}
      touches={[
        ['rollout', rollout.name],
        ['updates', rollout.id],
      ]}
      onClose={onClose}
    >
      <p>{CONSEQUENCES[action]}</p>
    </ConfirmedCall>
  );
}
