// DOC: the record. All access to Postgres is in this library. Readers answer operators' questions; stores write, inside
// a unit of work, what the control plane has decided. Nothing here decides.
export { Database, type DatabaseOptions } from './database/database';
export { type EventDraft, UnitOfWork } from './database/unit-of-work';
export { ConflictError } from './database/conflict.error';
export type { Slice, SliceRequest } from './database/cursor';
export type * from './records';
export { HostsReader } from './hosts/hosts.reader';
export { type NewRelease, ReleasesRepository } from './releases/releases.repository';
export { RolloutsReader } from './rollouts/rollouts.reader';
export { HostUpdatesReader } from './host-updates/host-updates.reader';
export { type FileFilter, type SessionFilter, SessionsReader } from './sessions/sessions.reader';
export { type EventFilter, EventsReader } from './events/events.reader';
export { SummaryReader } from './summary/summary.reader';
