import type { HostResponse } from '@luofleet/contracts';
import type { HostRecord } from '@luofleet/persistence';

/** A host as answers write it. */
export function hostView(host: HostRecord): HostResponse {
  const { replicaId: _internal, ...shown } = host;
  return {
    ...shown,
    labels: { ...host.labels },
    handlers: [...host.handlers],
    capabilities: [...host.capabilities],
    workloads: host.workloads.map(({ name, state, detail, pid }) => ({ name, state, detail, pid })),
    generation: Number(host.generation),
    update: host.update,
    lastSeenAt: host.lastSeenAt?.toISOString() ?? null,
    registeredAt: host.registeredAt.toISOString(),
    decommissionedAt: host.decommissionedAt?.toISOString() ?? null,
  };
}
