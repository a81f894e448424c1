import type { ReasonCode } from '../model/reason';

interface FetchFaultOptions extends ErrorOptions {
  code?: ReasonCode;
  /** Trying again may help. */
  passing?: boolean;
  /** What the server asked for, milliseconds. */
  retryAfterMs?: number;
}

/** One try to fetch something failed. */
export class FetchFault extends Error {
  readonly code: ReasonCode;
  readonly passing: boolean;
  readonly retryAfterMs: number;

  constructor(message: string, options: FetchFaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FetchFault';
    this.code = options.code ?? 'IMAGE_UNAVAILABLE';
    this.passing = options.passing ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** The size that an image may have, as the release states it or as this host limits it. */
export interface SizeRule {
  /** Bytes the release states; 0 when it states none. */
  stated: number;
  max: number;
}

export const sizeLimit = ({ stated, max }: SizeRule): number => (stated > 0 ? stated : max);

/** Throws when an image of `bytes` is none of the release, or too large for this host. */
export function checkSize(bytes: number, { stated, max }: SizeRule): void {
  if (stated > 0 && bytes !== stated) {
    const detail = `it has ${bytes} bytes, the release says ${stated}`;
    throw new FetchFault(detail, { code: 'SIZE_MISMATCH' });
  }
  if (stated === 0 && bytes > max) {
    const detail =
      `it has ${bytes} bytes, and without a size in its release an image may have ${max}: ` +
      'state imageSizeBytes in the release, or raise imageBytesMax of the agent';
    throw new FetchFault(detail, { code: 'IMAGE_TOO_LARGE' });
  }
}
