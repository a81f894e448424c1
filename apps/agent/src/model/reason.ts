import { cleanText } from '@luofleet/platform/text';

/** Why something failed, was refused or waits: a stable code, a sentence for people, and the errno where there is one. */
export interface Reason {
  code: ReasonCode;
  detail: string;
  /** Errno name such as "EBUSY"; empty where none is involved. */
  errnoCode: string;
  errno: number;
  /** What it is about: "workload echo", "session kv/file 0x1f". */
  subject: string;
}

/** Stable codes the agent gives. Operators and tests read them; never rename one. */
export type ReasonCode =
  | 'ABI_MISMATCH'
  | 'AGENT_RESTARTED'
  | 'AGENT_STOPPING'
  | 'COMMAND_LINE_UNFIT'
  | 'DEVICE_BUSY'
  | 'DEVICE_MISSING'
  | 'DIGEST_MISMATCH'
  | 'DISK_FULL'
  | 'EXECVE_FAILED'
  | 'FINISH_VETOED'
  | 'FREEZE_FAILED'
  | 'FROZEN_TOO_LONG'
  | 'HANDLER_MISSING'
  | 'HANDOVER_FAILED'
  | 'IMAGE_CRASHED'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_UNAVAILABLE'
  | 'INTERNAL'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_TOO_NEW'
  | 'JOURNAL_UNWRITABLE'
  | 'KEXEC_FAILED'
  | 'MANIFEST_UNREADABLE'
  | 'MUST_REBOOT'
  | 'NOT_FROZEN'
  | 'NOTHING_PRESERVED'
  | 'PAST_POINT_OF_NO_RETURN'
  | 'PREDECESSOR_FAILED'
  | 'PRESERVE_FAILED'
  | 'RELEASE_MISSING'
  | 'RETRIEVE_FAILED'
  | 'ROLLBACK_REQUESTED'
  | 'SESSIONS_GONE'
  | 'SIZE_MISMATCH'
  | 'STAGE_FAILED'
  | 'STALE_GENERATION'
  | 'SUPERSEDED'
  | 'TIMEOUT'
  | 'UNSUPPORTED'
  | 'WORKLOAD_NOT_SERVING'
  | 'WORKLOAD_VETOED'
  | 'WRONG_VERSION';

/** What ends a phase for a reason that is known. */
export class ReasonedError extends Error {
  constructor(readonly reason: Reason) {
    super(reason.detail);
    this.name = new.target.name;
  }
}

/**
 * Reasons are made of what others say: workloads, kernels, image servers, thrown errors. They are cleaned here, once, on
 * their way into the journal.
 */
const DETAIL_LENGTH_MAX = 4000;
const SUBJECT_LENGTH_MAX = 512;

interface ReasonExtras {
  subject?: string;
  cause?: unknown;
}

/** Builds a reason; the errno is taken from `cause` when it carries one (LinuxError, LuoError, Node's system errors). */
export function reasonOf(code: ReasonCode, detail: string, extras: ReasonExtras = {}): Reason {
  const { errnoCode, errno } = errnoOf(extras.cause);
  return {
    ...{ code, errnoCode, errno },
    detail: cleanText(detail, DETAIL_LENGTH_MAX, 'many'),
    subject: cleanText(extras.subject ?? '', SUBJECT_LENGTH_MAX),
  };
}

/** Whether a file system had no room, or the quota had none. */
export const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown } | null)?.code));

function errnoOf(cause: unknown): { errnoCode: string; errno: number } {
  if (!(cause instanceof Error)) return { errnoCode: '', errno: 0 };
  const { code, errno } = cause as { code?: unknown; errno?: unknown };
  return {
    errnoCode: typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : '',
    errno: typeof errno === 'number' ? Math.abs(errno) : 0,
  };
}

export { describeThrown as describeError } from '@luofleet/platform/text';
