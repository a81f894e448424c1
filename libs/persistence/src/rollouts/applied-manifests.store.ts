import type { UnitOfWork } from '../database/unit-of-work';

/** What was applied under an idempotency key. */
export interface AppliedManifest {
  readonly rolloutId: string;
  /** Lower-case hex sha256 of the manifest with its defaults filled in. */
  readonly manifestSha256: string;
}

/**
 * Takes an idempotency key until the transaction ends, so that of two requests with the same key one waits for the
 * other. Returns what was applied under it before; null when nothing was.
 */
export async function takeIdempotencyKey(
  unit: UnitOfWork,
  idempotencyKey: string,
): Promise<AppliedManifest | null> {
  await unit.client
    .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('applied_manifests:' || ${idempotencyKey}::text, 0))`;
  return unit.client.appliedManifest.findUnique({
    where: { idempotencyKey },
    select: { rolloutId: true, manifestSha256: true },
  });
}

/** Remembers what was applied under a key that `takeIdempotencyKey` found free. */
export async function keepAppliedManifest(
  unit: UnitOfWork,
  idempotencyKey: string,
  applied: AppliedManifest,
): Promise<void> {
  await unit.client.appliedManifest.create({ data: { idempotencyKey, ...applied } });
}
