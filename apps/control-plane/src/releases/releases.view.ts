import type { ReleaseResponse } from '@luofleet/contracts';
import type { ReleaseRecord } from '@luofleet/persistence';

/** A release as answers write it. */
export function releaseView(release: ReleaseRecord): ReleaseResponse {
  return {
    ...release,
    handlers: [...release.handlers],
    labels: { ...release.labels },
    createdAt: release.createdAt.toISOString(),
  };
}
