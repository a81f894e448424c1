import { reasonOf, ReasonedError } from '../model/reason';

/** An image cannot be used; `reason` says why. */
export class ImageError extends ReasonedError {}

export const unavailable = (detail: string, subject: string, cause?: unknown): ImageError =>
  new ImageError(reasonOf('IMAGE_UNAVAILABLE', detail, { subject, cause }));

export const diskFull = (subject: string, cause: unknown): ImageError =>
  new ImageError(reasonOf('DISK_FULL', 'the disk is full', { subject, cause }));

export function wrongDigest(subject: string, wanted: string, found: string): ImageError {
  const detail = `sha256 is ${found} and should be ${wanted}`;
  return new ImageError(reasonOf('DIGEST_MISMATCH', detail, { subject }));
}
