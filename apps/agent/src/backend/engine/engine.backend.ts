// Live update of the agent's own runtime: our LUO engine for the files, execve for the reboot.
//
// Happy path: preserve takes the workloads' descriptors with pidfd_getfd; freeze quiesces the workloads and seals the
// handover region; reboot puts the region into a memfd and calls execve; the next runtime retrieves the descriptors,
// starts new instances with them, waits until they serve, and `settle` ends the old ones.
// Unhappy paths: whatever fails before execve undoes all of it in place (workloads resume, sessions are released). A new
// instance that does not come up is killed and the old one, which still has everything, resumes: the phase has failed, the
// workload serves. A crash at any point loses nothing, because the old instances hold every descriptor until the end.
// Ordering: quiesce before freeze; no new instance before the old one is quiesced; old ones end after the journal knows.
import { closeDescriptor, execve } from '@luofleet/linux';
import { limited } from '@luofleet/platform/clock';
import { runningImagePath } from '../../agent-version';
import type { Faults } from '../../faults/faults';
import { reasonOfJournal } from '../../journal/journal-reason';
import { JournalError } from '../../journal/journal-record';
import type { Crossing } from '../../journal/journal.state';
import type { Log } from '../../log';
import { endedOtherwise, succeeded, type PhaseEnd, type SessionStatus } from '../../model/command';
import { describeError, ReasonedError, reasonOf, type Reason } from '../../model/reason';
import type { AgentSettings } from '../../settings/agent-settings';
import type { WorkloadInstance } from '../../workloads/workload-instance';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import type { Arrival, Backend, PhaseContext, RebootContext, Recovery } from '../backend';
import {
  finishVetoed,
  handlerMissing,
  nothingLeftFor,
  noRelease,
  rollbackDone,
  rolledBack,
  unfitFor,
} from '../phase-ends';
import { SessionFailure } from '../session-failure';
import { withState } from '../session-status';
import { verifyHost } from '../verify-host';
import {
  finishHolds,
  quiesceWorkloads,
  RESUME_TIMEOUT_MS,
  resumeWorkloads,
} from '../workload-pause';
import { EngineSessions } from './engine-sessions';
import { writeHandover, type HandoverManifest } from './handover-file';
import { compatibles, compatibleOf, type HostFile } from './host-file';
import type { ImageCache } from './image-cache';
import { recoverWorkloads } from './recover-workloads';
import { endWatch, watchTakeOver } from './take-over-watch';
import { closeTaken, takeAllDescriptors } from './take-descriptors';

export interface EngineBackendOptions {
  settings: AgentSettings;
  supervisor: WorkloadSupervisor;
  images: ImageCache;
  faults: Faults;
  log: Log;
  running: { version: string; sha256: string };
  bootId: string;
  kernelRelease: string;
  /** How this program was started, after the image: `run --config FILE`. */
  programArguments: readonly string[];
  /** What goes on to the next runtime besides the handover; asked right before the execve. */
  handOn(): { fds: number[]; env: Record<string, string> };
  /** The undo of `handOn`. */
  takeBack(): void;
  finishHold(workload: string): string | undefined;
  /** What the previous runtime handed over; null on a cold start. */
  handover: { manifest: HandoverManifest; region: Uint8Array } | null;
}

export class EngineBackend implements Backend {
  readonly kind = 'engine';
  readonly handlers = Object.values(compatibles);
  readonly releaseKinds = ['runtime'] as const;
  readonly running: { version: string; sha256: string };
  readonly bootId: string;
  readonly kernelRelease: string;
  private readonly sessions: EngineSessions;
  private frozenAt: { ms: number; monotonicNs: bigint } | null = null;
  private finishRefusal: string | null = null;

  constructor(private readonly options: EngineBackendOptions) {
    const { faults, log, finishHold, handover } = options;
    this.running = options.running;
    this.bootId = options.bootId;
    this.kernelRelease = options.kernelRelease;
    this.sessions = new EngineSessions({
      incoming: handover?.region,
      freezeErrno: (workload, token) => faults.freezeErrno(workload, token),
      finishVeto: (workload) => this.finishRefusal ?? finishHold(workload),
      onWarning: (warning) => log.warn('engine warning', { warning }),
    });
  }

  /** Descriptors a workload that has to be started anew gets back, while sessions hold some. */
  heldFor(workload: string): HostFile[] {
    return this.sessions.heldFor(workload);
  }

  isPreserved(workload: string, token: bigint): boolean {
    return this.sessions.isPreserved(workload, token);
  }

  arrive(): Promise<Arrival> {
    const { handover, supervisor } = this.options;
    if (handover === null) return Promise.resolve({ how: 'cold' });
    const { manifest } = handover;
    this.frozenAt = { ms: manifest.frozenAtMs, monotonicNs: manifest.frozenAtMonotonicNs };
    for (const instance of manifest.instances) supervisor.adopt(instance, 'quiesced');
    return Promise.resolve({ how: 'handover', key: manifest.key });
  }

  recover(crossing: Crossing | null, lastSessions: SessionStatus[]): Promise<Recovery> {
    const { supervisor, settings, log } = this.options;
    return recoverWorkloads({ supervisor, settings, log, crossing, lastSessions });
  }

  start(): Promise<void> {
    if (!this.isFrozen()) this.options.supervisor.startMissing();
    return Promise.resolve();
  }

  async preflight({ command, signal }: PhaseContext): Promise<PhaseEnd> {
    const release = command?.release ?? null;
    if (release === null) return rolledBack(noRelease());
    const unfit = unfitFor(release, { kind: 'runtime', words: 'runtime images' }, this.health());
    if (unfit !== null) return rolledBack(unfit);
    try {
      await this.options.images.prepare(release, signal);
      const missing = handlerMissing(release, this.compatiblesOffered());
      return missing === null ? succeeded() : rolledBack(missing);
    } catch (error) {
      if (error instanceof ReasonedError) return rolledBack(error.reason);
      throw error;
    }
  }

  async preserve(): Promise<PhaseEnd> {
    const { supervisor } = this.options;
    await this.sessions.release();
    this.finishRefusal = null;
    try {
      // An update whose retrieve failed never got to finish; its sessions still hold what is to be preserved now.
      await this.sessions.finishAll();
      await this.sessions.preserveAll(takeAllDescriptors(supervisor));
    } catch (error) {
      if (error instanceof SessionFailure)
        return endedOtherwise('rolled-back', error.reason, error.sessions);
      if (error instanceof ReasonedError) return rolledBack(error.reason);
      return rolledBack(reasonOf('PRESERVE_FAILED', describeError(error), { cause: error }));
    }
    return succeeded(this.sessions.statuses('preserved'));
  }

  async freeze({ signal, lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor } = this.options;
    if (!this.sessions.hasPreserved) return rolledBack(nothingLeftFor('freeze'), lastSessions);
    this.frozenAt = { ms: Date.now(), monotonicNs: process.hrtime.bigint() };
    const refused = await quiesceWorkloads(supervisor, signal);
    if (refused !== null) return this.thaw(refused);
    try {
      await this.sessions.freezeAll();
    } catch (error) {
      if (error instanceof SessionFailure) return this.thaw(error.reason, error.sessions);
      throw error;
    }
    const sessions = this.sessions.statuses('frozen');
    return { ...succeeded(sessions), frozenAtMs: this.frozenAt.ms };
  }

  async reboot(context: RebootContext): Promise<PhaseEnd> {
    const { command, cross, lastSessions } = context;
    const { images, faults, settings } = this.options;
    const region = this.sessions.frozenRegion;
    const release = command?.release ?? null;
    if (region === null || this.frozenAt === null || command === null || release === null) {
      return rolledBack(release === null ? noRelease() : nothingLeftFor('reboot'), lastSessions);
    }
    let handoverFd: number | null = null;
    try {
      const image = images.verified(release.imageSha256);
      handoverFd = writeHandover(this.manifest(command.key, release.imageSha256), region);
      await cross(release.imageSha256);
      const fault = faults.execveErrno();
      if (images.endsWatch(release.imageSha256)) watchTakeOver(settings.startTimeoutMs);
      const handedOn = this.options.handOn();
      execve({
        path: fault === undefined ? process.execPath : faultyProgram[fault],
        argv: [process.execPath, ...process.execArgv, image, ...this.options.programArguments],
        env: {
          ...process.env,
          ...handedOn.env,
          LUOFLEET_HANDOVER_FD: String(handoverFd),
          LUOFLEET_PREVIOUS_IMAGE: runningImagePath,
        },
        keepFds: [...this.sessions.preservedFds, ...handedOn.fds, handoverFd],
      });
    } catch (error) {
      endWatch();
      this.options.takeBack();
      if (handoverFd !== null) closeDescriptor(handoverFd);
      const reason =
        error instanceof ReasonedError
          ? error.reason
          : error instanceof JournalError
            ? reasonOfJournal(error)
            : reasonOf('EXECVE_FAILED', describeError(error), {
                subject: `image ${release.imageSha256}`,
                cause: error,
              });
      return this.thaw(reason);
    }
  }

  async retrieve(context: PhaseContext): Promise<PhaseEnd> {
    try {
      return await this.takeOver(context);
    } finally {
      endWatch();
    }
  }

  private async takeOver({ signal, lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { handover, faults, supervisor } = this.options;
    if (handover === null || this.frozenAt === null || this.sessions.hasIncoming) {
      return rolledBack(nothingLeftFor('retrieve'), lastSessions);
    }
    const { frozenAt } = this;
    let sessions: SessionStatus[];
    try {
      await this.sessions.deserialize();
      faults.point('retrieve:deserialized');
      sessions = await this.sessions.retrieveAll(handover.manifest.sessions);
    } catch (error) {
      sessions = withState(handover.manifest.sessions, 'failed', 'failed');
      this.sessions.closeUnretrieved(handover.manifest.fds ?? []);
      await this.resumeOld(sessions.map(({ workload }) => workload));
      this.frozenAt = null;
      const reason = reasonOf('RETRIEVE_FAILED', describeError(error), { cause: error });
      return { ...endedOtherwise('failed', reason, sessions), ...this.blackout(frozenAt) };
    }
    this.sessions.closeUnretrieved(handover.manifest.fds ?? []);
    const started = sessions
      .filter(({ state }) => state === 'retrieved')
      .map(({ workload }) => supervisor.replace(workload, this.sessions.heldFor(workload)))
      .filter((instance) => instance !== null);
    faults.point('retrieve:spawned');
    const checks = await supervisor.untilAllServing(started, signal);
    const notServing = checks.filter(({ answer }) => !answer.ok);
    const unretrieved = sessions.filter(({ state }) => state !== 'retrieved');
    await this.resumeOld([
      ...notServing.map(({ one }) => one.workload),
      ...unretrieved.map(({ workload }) => workload),
    ]);
    const blackout = this.blackout(frozenAt);
    this.frozenAt = null;
    const reason =
      unretrieved.flatMap(({ files }) => files).find((file) => file.reason !== null)?.reason ??
      notServing.map(({ one, answer }) => notServingReason(one, answer.reason))[0];
    const end = reason ? endedOtherwise('failed', reason, sessions) : succeeded(sessions);
    return { ...end, ...blackout };
  }

  settle(): Promise<void> {
    const retiring = this.options.supervisor.retire();
    retiring.catch((error: unknown) =>
      this.options.log.error('old instances did not end', { error: describeError(error) }),
    );
    return Promise.resolve();
  }

  async finish({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor, faults, finishHold } = this.options;
    this.finishRefusal = faults.refusesFinish() ? 'a fault is configured to refuse finish' : null;
    const words = this.finishRefusal ?? finishHolds(supervisor, finishHold);
    if (!this.sessions.hasIncoming) {
      if (words !== '') return finishVetoed(words, lastSessions);
      return succeeded(withState(lastSessions, 'finished', 'finished'));
    }
    try {
      return succeeded(await this.sessions.finishAll());
    } catch (error) {
      if (!(error instanceof SessionFailure)) throw error;
      return endedOtherwise(
        'refused',
        { ...error.reason, detail: words || error.reason.detail },
        error.sessions,
      );
    }
  }

  verify({ command, signal }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor } = this.options;
    return verifyHost({ command, signal, supervisor, runningVersion: this.running.version });
  }

  async rollback({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const wasFrozen = this.isFrozen();
    const sessions = await this.sessions.release();
    if (wasFrozen) await this.resumeWorkloads();
    return rollbackDone(sessions, lastSessions, wasFrozen);
  }

  isFrozen(): boolean {
    return this.frozenAt !== null;
  }

  health() {
    return this.options.supervisor.health();
  }

  async stop(): Promise<void> {
    await this.options.supervisor.stop();
  }

  /** The undo of freeze: files unfrozen and released, workloads serve. */
  private async thaw(reason: Reason, failed?: SessionStatus[]): Promise<PhaseEnd> {
    const { frozenAt } = this;
    const released = await this.sessions.release();
    await this.resumeWorkloads();
    const sessions = failed ?? released;
    const end = endedOtherwise('rolled-back', reason, sessions);
    return frozenAt === null ? end : { ...end, ...this.blackout(frozenAt) };
  }

  private async resumeWorkloads(): Promise<void> {
    const { supervisor, log } = this.options;
    await resumeWorkloads(supervisor, log);
    this.frozenAt = null;
  }

  /** Where no successor came up, the old instance serves again: it still has every descriptor. */
  private async resumeOld(workloads: readonly string[]): Promise<void> {
    const { supervisor, log } = this.options;
    const resumeOne = async (workload: string, signal: AbortSignal) => {
      const current = supervisor.current.get(workload);
      const old = current?.state === 'quiesced' ? current : await supervisor.restore(workload);
      const isLeft = old !== undefined && old.state !== 'ended';
      const reason = isLeft ? await supervisor.resume(old, signal) : 'no old instance';
      if (reason !== null) log.error('no instance serves', { workload, reason });
    };
    await limited(RESUME_TIMEOUT_MS, (signal) =>
      Promise.all(workloads.map((workload) => resumeOne(workload, signal))),
    );
  }

  private manifest(key: string, imageSha256: string): HandoverManifest {
    const { settings, supervisor } = this.options;
    const quiesced = [...supervisor.current.values()].filter(({ state }) => state === 'quiesced');
    return {
      ...{ key, imageSha256, settings, fromVersion: this.running.version },
      sessions: this.sessions.statuses('frozen'),
      fds: this.sessions.preservedFds,
      instances: quiesced.map(({ workload, id, process }) => ({ workload, instance: id, process })),
      frozenAtMonotonicNs: this.frozenAt?.monotonicNs ?? 0n,
      frozenAtMs: this.frozenAt?.ms ?? 0,
    };
  }

  /** hrtime is CLOCK_MONOTONIC, which goes on across execve. */
  private blackout(frozenAt: { ms: number; monotonicNs: bigint }) {
    const blackoutMs = Number(process.hrtime.bigint() - frozenAt.monotonicNs) / 1e6;
    return { frozenAtMs: frozenAt.ms, resumedAtMs: Date.now(), blackoutMs };
  }

  private compatiblesOffered(): string[] {
    const taken = takeAllDescriptors(this.options.supervisor);
    try {
      const offered = [...taken.values()].flat().map(({ fd }) => compatibleOf(fd));
      return [...new Set(offered)].filter((one) => one !== null);
    } finally {
      closeTaken(taken);
    }
  }
}

/** Programs that execve refuses with exactly this errno. */
const faultyProgram = { ENOENT: '/proc/self/no-such-program', EACCES: '/proc/self/stat' } as const;

const notServingReason = ({ workload }: WorkloadInstance, why: string) =>
  reasonOf(
    'WORKLOAD_NOT_SERVING',
    `the new instance of ${workload} does not serve: ${why}; the old one does`,
    {
      subject: `workload ${workload}`,
    },
  );
