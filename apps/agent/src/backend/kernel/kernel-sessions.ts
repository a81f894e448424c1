// The kernel's live update sessions as the agent holds them: one per workload, and the agent's own with the manifest.
//
// Happy path: preserveAll, preserveManifest | kexec | adoptRetrieved, finishAll.
// Unhappy paths: a refused preserve releases every session and is told as a SessionFailure. Files are taken off by
// closing their session; the kernel has no other undo. A retrieve that fails has lost that file (D2); the others go on.
// Ordering: the device is held from the first session to the end of the update, so that nobody else uses our names; a
// name is never asked for twice, because EEXIST can leave a block behind that panics the next kernel (S15).
import { closeDescriptor, isLinuxError, type LiveUpdateSession } from '@luofleet/linux';
import type { LiveUpdateDevice } from '@luofleet/linux';
import type { FileStatus, SessionStatus } from '../../model/command';
import { describeError, reasonOf, type Reason } from '../../model/reason';
import { identifyOpen, type HostFile } from '../engine/host-file';
import { SessionFailure } from '../session-failure';
import { withState } from '../session-status';
import { writeManifest, type KernelManifest } from './kernel-manifest';
import { kernelHandlers } from './luo-abi';
import { isMemfd } from './memfd-kind';
import { MANIFEST_TOKEN, OWN_SESSION } from './own-session';
import type { RetrievedFile, RetrievedSession } from './retrieve-sessions';
import { sessionNameOf } from './session-names';

interface OpenSession {
  name: string;
  workload: string;
  session: LiveUpdateSession;
  /** Files by token, in order of preservation; the descriptors are ours. */
  files: Map<bigint, HostFile>;
}

export class KernelSessions {
  private device: LiveUpdateDevice | null = null;
  private own: LiveUpdateSession | null = null;
  /** Sessions of the previous kernel are held and not finished; be it our own alone. */
  private unfinished = false;
  private readonly outgoing: OpenSession[] = [];
  private readonly incoming: OpenSession[] = [];
  /** Sessions that the kernel keeps with nobody able to end them; their memory is held until the next reboot. */
  readonly orphans = new Set<string>();

  get hasOutgoing(): boolean {
    return this.own !== null && this.device !== null && !this.unfinished;
  }

  get hasIncoming(): boolean {
    return this.unfinished;
  }

  isPreserved(workload: string, token: bigint): boolean {
    return [...this.outgoing, ...this.incoming].some(
      (one) => one.workload === workload && one.files.has(token),
    );
  }

  /** Descriptors held for a workload, in order of preservation. */
  heldFor(workload: string): HostFile[] {
    const open = [...this.outgoing, ...this.incoming].find((one) => one.workload === workload);
    return [...(open?.files.values() ?? [])];
  }

  /** Takes over the device, and the descriptors; throws SessionFailure with nothing left of either. */
  preserveAll(
    device: LiveUpdateDevice,
    workloads: ReadonlyMap<string, readonly HostFile[]>,
  ): SessionStatus[] {
    this.device = device;
    const waiting = new Set([...workloads.values()].flat());
    let at = { session: OWN_SESSION, token: MANIFEST_TOKEN };
    try {
      this.own = this.create(OWN_SESSION);
      for (const [workload, files] of workloads) {
        const name = sessionNameOf(workload);
        at = { session: name, token: MANIFEST_TOKEN };
        const open: OpenSession = { name, workload, session: this.create(name), files: new Map() };
        this.outgoing.push(open);
        for (const file of files) {
          at = { session: name, token: file.token };
          this.preserveFile(open, file);
          waiting.delete(file);
        }
      }
    } catch (cause) {
      const sessions = this.release();
      for (const { fd } of waiting) closeDescriptor(fd);
      const subject = `session ${at.session}/file 0x${at.token.toString(16)}`;
      const reason = reasonOf('PRESERVE_FAILED', describeError(cause), { subject, cause });
      throw new SessionFailure(reason, sessions, { cause });
    }
    return this.statuses('preserved');
  }

  /** Puts the manifest under token 0 of the own session. Throws LinuxError. */
  preserveManifest(manifest: KernelManifest): void {
    const fd = writeManifest(manifest);
    try {
      this.own?.preserveFd(MANIFEST_TOKEN, fd);
    } finally {
      // The kernel has its own hold on it now.
      closeDescriptor(fd);
    }
  }

  /** The undo of preserve. Sessions as they were, unpreserved; empty when there were none. */
  release(): SessionStatus[] {
    const sessions = this.statuses('unpreserved');
    for (const { session, files } of this.outgoing.splice(0)) {
      session.close();
      for (const { fd } of files.values()) closeDescriptor(fd);
    }
    if (!this.unfinished) {
      this.own?.close();
      this.own = null;
    }
    this.device?.close();
    this.device = null;
    return sessions;
  }

  /** Takes over what was retrieved; what was not is told in its status and held for nobody. */
  adoptRetrieved(own: LiveUpdateSession, retrieved: readonly RetrievedSession[]): SessionStatus[] {
    this.own = own;
    this.unfinished = true;
    return retrieved.map((one) => this.adoptSession(one));
  }

  /**
   * Finishes all incoming sessions, whoever refuses, each checked before it is closed (S11). Throws SessionFailure of the
   * first that is refused.
   */
  finishAll(): SessionStatus[] {
    const finished: OpenSession[] = [];
    let refusal: { name: string; cause: unknown } | null = null;
    for (const open of [...this.incoming]) {
      const { name, session, files } = open;
      try {
        session.finish();
      } catch (cause) {
        this.orphans.add(name);
        refusal ??= { name, cause };
        continue;
      }
      this.orphans.delete(name);
      session.close();
      for (const { fd } of files.values()) closeDescriptor(fd);
      finished.push(...this.incoming.splice(this.incoming.indexOf(open), 1));
    }
    if (refusal !== null) {
      const { name, cause } = refusal;
      const about = { subject: `session ${name}`, cause };
      const reason = reasonOf('FINISH_VETOED', describeError(cause), about);
      const statuses = [
        ...this.statuses('finished', finished),
        ...this.statuses('retrieved', this.incoming),
      ];
      throw new SessionFailure(reason, statuses, { cause });
    }
    this.own?.finish();
    this.own?.close();
    this.own = null;
    this.unfinished = false;
    return this.statuses('finished', finished);
  }

  statuses(
    state: 'preserved' | 'frozen' | 'unpreserved' | 'retrieved' | 'finished',
    of: readonly OpenSession[] = this.outgoing,
  ): SessionStatus[] {
    return of.map(({ name, workload, files }) => ({
      ...{ name, workload, state },
      files: [...files.values()].map((file) => statusOf(file, state)),
    }));
  }

  private create(name: string): LiveUpdateSession {
    if (this.device === null) throw new Error(`session ${name} without a device`);
    try {
      return this.device.createSession(name);
    } catch (error) {
      // Somebody else's session of our name. One more session and its end take away the block that may have been left
      // behind (S15), so that whoever reboots next does not pay for it.
      if (isLinuxError(error, 'EEXIST')) {
        this.device.createSession(`${OWN_SESSION}#${process.hrtime.bigint()}`).close();
      }
      throw error;
    }
  }

  private preserveFile({ session, files }: OpenSession, file: HostFile): void {
    session.preserveFd(file.token, file.fd);
    if (!isMemfd(file.fd)) {
      throw new Error(
        `${file.name} is no memfd, yet this kernel takes it: this agent does not know by which handler`,
      );
    }
    files.set(file.token, file);
  }

  private adoptSession({ expected, got }: RetrievedSession): SessionStatus {
    const { name, workload } = expected;
    if ('reason' in got) {
      if (got.isOrphan) this.orphans.add(name);
      const [lost] = withState([expected], 'lost', 'lost');
      return { ...expected, ...lost, files: expected.files.map((one) => failed(one, got.reason)) };
    }
    const open: OpenSession = { name, workload, session: got.session, files: new Map() };
    this.incoming.push(open);
    const files = got.files.map((one) => this.adoptFile(open, one));
    const isWhole = files.every(({ state }) => state === 'retrieved');
    return { ...expected, state: isWhole ? 'retrieved' : 'failed', files };
  }

  private adoptFile(
    { workload, files }: OpenSession,
    { expected, got }: RetrievedFile,
  ): FileStatus {
    if ('reason' in got) return failed(expected, got.reason);
    const { fd } = got;
    const { token, name } = expected;
    const identity = identifyOpen(fd);
    const file: HostFile = {
      ...{ fd, name, workload, token },
      identity: `${identity?.device}:${identity?.inode}`,
    };
    files.set(token, file);
    return statusOf(file, 'retrieved');
  }
}

const failed = (file: FileStatus, reason: Reason): FileStatus => ({
  ...file,
  state: 'failed',
  reason,
});

const statusOf = ({ token, name, fd }: HostFile, state: FileStatus['state']): FileStatus => ({
  ...{ token, name, state, reason: null },
  compatible: kernelHandlers.memfd,
  // The kernel keeps its handle to itself.
  dataHandle: 0n,
  sizeBytes: identifyOpen(fd)?.sizeBytes ?? 0n,
});
