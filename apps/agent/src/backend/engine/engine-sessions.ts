// The LUO engine over descriptors: one orchestrator, one session per workload.
//
// Happy path: preserveAll, freezeAll | execve | deserialise, retrieveAll, finishAll.
// Unhappy paths: a failed preserve or freeze leaves no session behind (`release` has closed them all) and is told as a
// SessionFailure that carries the state of every file.
import { closeDescriptor } from '@luofleet/linux';
import {
  createHandoverMemory,
  LuoError,
  Orchestrator,
  type HandoverMemory,
  type Session,
} from '@luofleet/luo-engine';
import type { SessionStatus } from '../../model/command';
import { describeError, reasonOf, type ReasonCode } from '../../model/reason';
import { SessionFailure } from '../session-failure';
import { withState } from '../session-status';
import { descriptorHandlers, type HandlerContext } from './descriptor.handler';
import { identifyOpen, type HostFile } from './host-file';

interface OpenSession {
  name: string;
  session: Session<HostFile>;
  /** Files by token, in order of preservation. */
  files: Map<bigint, HostFile>;
}

export type EngineSessionsOptions = Omit<HandlerContext, 'memory'> & {
  /** Region that the previous runtime handed over. */
  incoming?: Uint8Array | undefined;
  onWarning(message: string): void;
};

export class EngineSessions {
  private readonly orchestrator: Orchestrator<HostFile>;
  private readonly memory: HandoverMemory;
  private readonly outgoing: OpenSession[] = [];
  private readonly incoming: OpenSession[] = [];
  private region: Uint8Array | null = null;
  /** From preserve to release. A host may well have nothing to preserve. */
  private preserved = false;

  constructor(options: EngineSessionsOptions) {
    this.memory = createHandoverMemory({ incoming: options.incoming });
    this.orchestrator = new Orchestrator<HostFile>({
      memory: this.memory,
      onWarning: (warning) => options.onWarning(String(warning)),
    });
    const context = { ...options, memory: this.memory };
    for (const handler of descriptorHandlers(context)) this.orchestrator.registerHandler(handler);
  }

  get hasPreserved(): boolean {
    return this.preserved;
  }

  get hasIncoming(): boolean {
    return this.incoming.length > 0;
  }

  /** The frozen region; null while not frozen. */
  get frozenRegion(): Uint8Array | null {
    return this.region;
  }

  /** Descriptors that must survive execve. */
  get preservedFds(): number[] {
    return this.outgoing.flatMap(({ files }) => [...files.values()].map(({ fd }) => fd));
  }

  isPreserved(workload: string, token: bigint): boolean {
    return [...this.outgoing, ...this.incoming].some(
      ({ name, files }) => name === workload && files.has(token),
    );
  }

  /** Descriptors held for a workload, in order of preservation. */
  heldFor(workload: string): HostFile[] {
    const open = [...this.outgoing, ...this.incoming].find(({ name }) => name === workload);
    return [...(open?.files.values() ?? [])];
  }

  /** One session per workload with its files; takes the descriptors over. Throws SessionFailure with nothing left. */
  async preserveAll(workloads: ReadonlyMap<string, readonly HostFile[]>): Promise<void> {
    const device = this.orchestrator.open();
    const waiting = new Set([...workloads.values()].flat());
    try {
      for (const [name, files] of workloads) {
        const open: OpenSession = { name, session: device.createSession(name), files: new Map() };
        this.outgoing.push(open);
        for (const file of files) {
          await open.session.preserve(file.token, file);
          open.files.set(file.token, file);
          waiting.delete(file);
        }
      }
    } catch (cause) {
      const before = this.statuses('preserved');
      await device.close();
      await this.release();
      // The others were closed with their sessions; their numbers may be somebody else's already.
      for (const { fd } of waiting) closeDescriptor(fd);
      throw failure('PRESERVE_FAILED', cause, asUnpreserved(before));
    }
    await device.close();
    this.preserved = true;
  }

  /** Freezes every file. Throws SessionFailure; sessions are then released and their descriptors closed. */
  async freezeAll(): Promise<void> {
    try {
      this.region = await this.orchestrator.freezeAll();
    } catch (cause) {
      const sessions = markFailed(asUnpreserved(this.statuses('preserved')), cause);
      await this.release();
      throw failure('FREEZE_FAILED', cause, sessions);
    }
  }

  /** The undo of freeze and preserve. Sessions as they were, unpreserved; empty when there were none. */
  async release(): Promise<SessionStatus[]> {
    const sessions = asUnpreserved(this.statuses('preserved'));
    if (this.region !== null) await this.orchestrator.unfreezeAll();
    this.region = null;
    this.preserved = false;
    for (const { session } of this.outgoing.splice(0)) await session.close();
    return sessions;
  }

  /** Reads what was handed over. Throws LuoError EIO when it can not be trusted. */
  async deserialize(): Promise<void> {
    await this.orchestrator.open().close();
  }

  /** Retrieves the sessions and files named; a file that fails is told in its status and held for nobody. */
  async retrieveAll(manifest: readonly SessionStatus[]): Promise<SessionStatus[]> {
    const device = this.orchestrator.open();
    try {
      const statuses: SessionStatus[] = [];
      for (const expected of manifest) {
        const { name } = expected;
        const open = { name, session: device.retrieveSession(name), files: new Map() };
        this.incoming.push(open);
        statuses.push(await retrieveFiles(open, expected));
      }
      return statuses;
    } finally {
      await device.close();
    }
  }

  /** Of the descriptors that came through the execve, those of no retrieved file: kept open they would hold a port or a file. */
  closeUnretrieved(fds: readonly number[]): void {
    const retrieved = new Set(
      this.incoming.flatMap(({ files }) => [...files.values()].map(({ fd }) => fd)),
    );
    for (const fd of fds) {
      if (!retrieved.has(fd) && identifyOpen(fd) !== null) closeDescriptor(fd);
    }
  }

  /** Finishes all incoming sessions, whoever refuses. Throws SessionFailure (FINISH_VETOED) of the first that is refused. */
  async finishAll(): Promise<SessionStatus[]> {
    const finished: SessionStatus[] = [];
    const refusals: unknown[] = [];
    for (const open of [...this.incoming]) {
      try {
        await open.session.finish();
      } catch (cause) {
        refusals.push(cause);
        continue;
      }
      finished.push(...withState(this.statuses('retrieved', [open]), 'finished', 'finished'));
      await open.session.close();
      this.incoming.splice(this.incoming.indexOf(open), 1);
    }
    if (refusals.length > 0)
      throw failure('FINISH_VETOED', refusals[0], [
        ...finished,
        ...this.statuses('retrieved', this.incoming),
      ]);
    return finished;
  }

  /** What is in the sessions now. */
  statuses(state: 'preserved' | 'frozen' | 'retrieved', of = this.outgoing): SessionStatus[] {
    return of.map(({ name, session, files }) => ({
      name,
      workload: name,
      state,
      files: session.report().map(({ token, compatible, data }) => {
        const file = files.get(token);
        return {
          token,
          name: file?.name ?? '',
          compatible,
          dataHandle: data,
          state,
          reason: null,
          sizeBytes: (file && identifyOpen(file.fd)?.sizeBytes) ?? 0n,
        };
      }),
    }));
  }
}

async function retrieveFiles(open: OpenSession, expected: SessionStatus): Promise<SessionStatus> {
  const status: SessionStatus = { ...expected, state: 'retrieved', files: [] };
  for (const file of expected.files) {
    try {
      open.files.set(file.token, await open.session.retrieve(file.token));
      status.files.push({ ...file, state: 'retrieved' });
    } catch (cause) {
      status.state = 'failed';
      const { reason } = failure('RETRIEVE_FAILED', cause, []);
      status.files.push({ ...file, state: 'failed', reason });
    }
  }
  return status;
}

const asUnpreserved = (sessions: SessionStatus[]) =>
  withState(sessions, 'unpreserved', 'unpreserved');

function markFailed(sessions: SessionStatus[], cause: unknown): SessionStatus[] {
  if (!(cause instanceof LuoError)) return sessions;
  const { session, token } = cause.subject;
  const { reason } = failure('FREEZE_FAILED', cause, []);
  return sessions.map((one) =>
    one.name !== session
      ? one
      : {
          ...one,
          files: one.files.map((file) =>
            file.token === token ? { ...file, state: 'failed', reason } : file,
          ),
        },
  );
}

function failure(code: ReasonCode, cause: unknown, sessions: SessionStatus[]): SessionFailure {
  const { session, token } = cause instanceof LuoError ? cause.subject : {};
  const file = token === undefined ? '' : `/file 0x${token.toString(16)}`;
  const subject = session === undefined ? '' : `session ${session}${file}`;
  const detail = describeError(cause);
  return new SessionFailure(reasonOf(code, detail, { subject, cause }), sessions, { cause });
}
