import { PHASES, type CommandPhase } from '../model/phase';

/** What an idempotency key names: one phase of one attempt; for finish, one try of it. */
export interface CommandName {
  readonly hostUpdateId: string;
  readonly phase: CommandPhase;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** 1 for the first finish of an attempt, 0 for every other phase. */
  readonly finishTry: number;
}

/** `<host update id>/<phase>/<attempt>`, and `/<try>` behind it for finish. */
export function idempotencyKey(
  hostUpdateId: string,
  phase: CommandPhase,
  attempt: number,
  finishTry = 0,
): string {
  const key = `${hostUpdateId}/${phase}/${attempt}`;
  return phase === 'finish' ? `${key}/${finishTry}` : key;
}

/** The undo of `idempotencyKey`; null when `key` is not one this library wrote. */
export function parseIdempotencyKey(key: string): CommandName | null {
  const match = /^([^/]+)\/([a-z]+)\/([1-9]\d{0,8})(?:\/([1-9]\d{0,8}))?$/.exec(key);
  if (match === null) return null;
  const [, hostUpdateId = '', phase = '', attempt = '', finishTry] = match;
  if (!isCommandPhase(phase) || (phase === 'finish') !== (finishTry !== undefined)) return null;
  return { hostUpdateId, phase, attempt: Number(attempt), finishTry: Number(finishTry ?? 0) };
}

function isCommandPhase(text: string): text is CommandPhase {
  return text === 'rollback' || (PHASES as readonly string[]).includes(text);
}
