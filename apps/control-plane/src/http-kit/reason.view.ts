import type { ReasonResponse } from '@luofleet/contracts';
import type { Reason } from '@luofleet/rollout';

/** A reason as answers write it: what is empty in the record is left out. */
export function reasonView(reason: Reason | null): ReasonResponse | null {
  if (reason === null) return null;
  const { code, detail, errnoCode, errno, subject } = reason;
  return {
    code,
    detail,
    ...(errnoCode ? { errnoCode } : {}),
    ...(errno ? { errno } : {}),
    ...(subject ? { subject } : {}),
  };
}
