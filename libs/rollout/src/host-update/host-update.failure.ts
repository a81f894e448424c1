import { isBeforePointOfNoReturn, type Phase } from '../model/phase';
import type { Reason } from '../model/reason';
import {
  advanced,
  enterRollback,
  type HostUpdateContext,
  type HostUpdateStep,
  ownReason,
  refuseFinish,
} from './host-update.step';

/** Before the point of no return a failed phase still has its undo; after it nothing is left to try. */
export function failPhase(
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
): HostUpdateStep {
  return isBeforePointOfNoReturn(phase)
    ? enterRollback(phase, reason, context)
    : advanced({ kind: 'failed', phase, reason });
}

/** Nothing changed on the host: preflight leaves nothing to undo, reboot still leaves frozen files. */
export function refusePhase(
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
): HostUpdateStep {
  switch (phase) {
    case 'preflight':
      return advanced({ kind: 'rolled-back', phase, reason });
    case 'preserve':
    case 'freeze':
    case 'reboot':
      return enterRollback(phase, reason, context);
    case 'finish':
      return refuseFinish(reason, context);
    case 'retrieve':
    case 'verify':
      return advanced({ kind: 'failed', phase, reason });
  }
}

/** A host that leaves the fleet in the middle must not keep its slot, and nobody will ever know how it ended. */
export function leaveFleet(phase: Phase): HostUpdateStep {
  const reason = ownReason('HOST_DECOMMISSIONED', `the host left the fleet during ${phase}`);
  return advanced({ kind: 'lost', phase, reason }, { kind: 'void-commands' });
}
