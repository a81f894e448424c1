// Live update of the Linux kernel: sessions of /dev/liveupdate for the files, kexec for the reboot.
//
// Happy path: preserve opens the device and puts the workloads' memfds into sessions; freeze stages the next kernel, then
// quiesces the workloads; reboot adds the manifest and kexecs; in the next kernel `arrive` has the manifest, retrieve
// takes the memfds out and starts the workloads with them, finish ends the sessions.
// Unhappy paths: whatever fails before the kexec, and a kexec that answers with an errno, undoes all of it in place
// (kernel unstaged, sessions closed, workloads resumed). After it, exactly one of: no device, device must reboot (EIO),
// sessions missing, a file's retrieve error, all well (kernel-arrival.ts).
// Ordering: stage before quiesce, because a kernel that does not load must cost no blackout; FINISH is checked before a
// session is closed; after a reboot call has passed the sessions nothing may touch them (D11), and nothing here does.
import { setImmediate } from 'node:timers/promises';
import { rebootIntoStagedKernel, stageKernel, unstageKernel } from '@luofleet/linux';
import { agentVersion } from '../../agent-version';
import { abortReason } from '../../commands/phase-clock';
import type { Faults } from '../../faults/faults';
import { reasonOfJournal } from '../../journal/journal-reason';
import { JournalError } from '../../journal/journal-record';
import type { Crossing } from '../../journal/journal.state';
import type { Journal } from '../../journal/journal';
import type { Log } from '../../log';
import { endedOtherwise, succeeded, type PhaseEnd, type SessionStatus } from '../../model/command';
import { describeError, ReasonedError, reasonOf, type Reason } from '../../model/reason';
import type { AgentSettings } from '../../settings/agent-settings';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import type { Arrival, PhaseContext, RebootContext, Recovery } from '../backend';
import { recoverWorkloads } from '../engine/recover-workloads';
import type { HostBackend } from '../host-backend';
import { finishVetoed, nothingLeftFor, noRelease, rollbackDone, rolledBack } from '../phase-ends';
import { SessionFailure } from '../session-failure';
import { withState } from '../session-status';
import { verifyHost } from '../verify-host';
import { finishHolds, quiesceWorkloads, resumeWorkloads } from '../workload-pause';
import { nextCommandLine } from './command-line';
import { isConcluded, type KernelArrival } from './kernel-arrival';
import { takeDevice } from './kernel-device';
import { KernelImages } from './kernel-images';
import type { KernelManifest } from './kernel-manifest';
import { KernelSessions } from './kernel-sessions';
import { kernelHandlers } from './luo-abi';
import { chooseDescriptors } from './offered-descriptors';
import { unsuitable } from './suitability';
import { writeBack } from './write-back';

export interface KernelBackendOptions {
  settings: AgentSettings;
  supervisor: WorkloadSupervisor;
  journal: Journal;
  faults: Faults;
  log: Log;
  arrival: KernelArrival;
  /** The configuration file that `settings` came from. */
  configuration: { text: string; file: string };
  /** Empty until it is known, which may be late on a full disk. */
  machineId(): string;
  /** Release of the running kernel: what a kernel release names as its version. */
  running: { version: string; sha256: string };
  bootId: string;
  finishHold(workload: string): string | undefined;
}

/** A message goes through gRPC, HTTP/2 and the socket, each of which may put it off to the next turn. */
const SENDER_TURNS = 4;

/** Before the blackout, and in it. */
const WRITE_BACK_MS = 60_000;
const WRITE_BACK_FROZEN_MS = 10_000;

export class KernelBackend implements HostBackend {
  readonly kind = 'kernel';
  readonly handlers = Object.values(kernelHandlers);
  readonly releaseKinds = ['kernel'] as const;
  readonly running: { version: string; sha256: string };
  readonly bootId: string;
  readonly kernelRelease: string;
  private readonly sessions = new KernelSessions();
  private readonly images: KernelImages;
  private leftBehind: KernelManifest['leftBehind'] = [];
  /** By the wall clock, and by the age of this kernel: below zero where an earlier kernel froze. */
  private frozenAt: { ms: number; ageMs: number } | null = null;

  constructor(private readonly options: KernelBackendOptions) {
    this.running = options.running;
    this.bootId = options.bootId;
    this.kernelRelease = options.running.version;
    this.images = new KernelImages(options.settings, options.log);
  }

  heldFor(workload: string) {
    return this.sessions.heldFor(workload);
  }

  isPreserved(workload: string, token: bigint): boolean {
    return this.sessions.isPreserved(workload, token);
  }

  arrive(): Promise<Arrival> {
    const { arrival, journal, log } = this.options;
    if (arrival.found === 'no-update') return Promise.resolve({ how: 'cold' });
    if (arrival.found === 'nothing') {
      if (isConcluded(journal, arrival.mark)) return Promise.resolve({ how: 'cold' });
      log.error('nothing was handed over', { reason: arrival.reason });
      // Its command line has the mark of the update: it is the staged one all the same.
      this.images.booted();
      return Promise.resolve({ how: 'state-lost', reason: arrival.reason });
    }
    const { key, journal: carried, frozenAtMs, frozenForMs = 0 } = arrival.manifest;
    this.frozenAt = { ms: frozenAtMs, ageMs: -frozenForMs };
    return Promise.resolve({ how: 'handover', key, journal: carried });
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
    const problem = unsuitable(command, this.health());
    if (problem !== null) return rolledBack(problem);
    const device = await takeDevice(signal, this.options.log);
    if ('code' in device) return rolledBack(device);
    device.close();
    try {
      await this.images.prepare(release, signal);
    } catch (error) {
      if (error instanceof ReasonedError) return rolledBack(error.reason);
      throw error;
    }
    return succeeded();
  }

  async preserve({ signal, lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor, log } = this.options;
    if (this.sessions.hasIncoming) {
      // An update whose retrieve failed never got to finish; its sessions still hold what is to be preserved now (D3).
      const finished = await this.finish({ command: null, signal, lastSessions });
      if (finished.reason !== null) return rolledBack(finished.reason, lastSessions);
    }
    this.sessions.release();
    const device = await takeDevice(signal, this.options.log);
    if ('code' in device) return rolledBack(device);
    try {
      const chosen = chooseDescriptors(supervisor, () => device.close());
      this.leftBehind = chosen.leftBehind;
      const sessions = this.sessions.preserveAll(device, chosen.files);
      if (this.leftBehind.length > 0) log.info('stays behind', { descriptors: this.leftBehind });
      return succeeded(sessions);
    } catch (error) {
      if (error instanceof SessionFailure) return rolledBack(error.reason, error.sessions);
      if (error instanceof ReasonedError) return rolledBack(error.reason);
      const detail = describeError(error);
      return rolledBack(reasonOf('PRESERVE_FAILED', detail, { cause: error }));
    }
  }

  async freeze({ command, signal, lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor, faults } = this.options;
    const release = command?.release ?? null;
    if (command === null || release === null) return rolledBack(noRelease(), lastSessions);
    if (!this.sessions.hasOutgoing) return rolledBack(nothingLeftFor('freeze'), lastSessions);
    try {
      const line = faults.stagedCommandLine() ?? release.kernelCommandLine;
      const staged = { ...command, release: { ...release, kernelCommandLine: line } };
      const files = await this.images.stage(release, signal);
      stageKernel({ ...files, commandLine: nextCommandLine(staged) });
      // What is left for the blackout is then little.
      await writeBack(WRITE_BACK_MS, signal);
    } catch (error) {
      if (signal.aborted) return this.thaw(abortReason(signal));
      const subject = `image ${release.imageSha256}`;
      const reason =
        error instanceof ReasonedError
          ? error.reason
          : reasonOf('STAGE_FAILED', describeError(error), { subject, cause: error });
      return this.thaw(reason);
    }
    this.frozenAt = { ms: Date.now(), ageMs: sinceBootMs() };
    const refused = await quiesceWorkloads(supervisor, signal);
    if (refused !== null) return this.thaw(refused);
    return { ...succeeded(this.sessions.statuses('frozen')), frozenAtMs: this.frozenAt.ms };
  }

  async reboot(context: RebootContext): Promise<PhaseEnd> {
    const { command, cross, carriedJournal, lastSessions, signal } = context;
    const release = command?.release ?? null;
    if (command === null || release === null) return rolledBack(noRelease(), lastSessions);
    const { frozenAt } = this;
    if (frozenAt === null || !this.sessions.hasOutgoing) {
      return rolledBack(nothingLeftFor('reboot'), lastSessions);
    }
    const { key } = command;
    const { imageSha256 } = release;
    try {
      await letSendersRun();
      await writeBack(WRITE_BACK_FROZEN_MS, signal);
      await cross(imageSha256);
      this.sessions.preserveManifest({
        ...{ key, imageSha256, fromRelease: this.running.version },
        ...{ frozenAtMs: frozenAt.ms, frozenForMs: sinceBootMs() - frozenAt.ageMs },
        ...{ leftBehind: this.leftBehind, journal: carriedJournal() },
        sessions: this.sessions.statuses('frozen'),
        machineId: this.options.machineId(),
        configuration: {
          ...this.options.configuration,
          agentVersion,
          settings: this.options.settings,
        },
      });
      if (this.options.faults.dropsStagedKernel()) unstageKernel();
      this.options.log.info('reboots into the staged kernel', { key });
      rebootIntoStagedKernel();
    } catch (error) {
      if (error instanceof JournalError) return this.thaw(reasonOfJournal(error));
      if (error instanceof ReasonedError) return this.thaw(error.reason);
      if (signal.aborted) return this.thaw(abortReason(signal));
      const detail = `the host did not reboot: ${describeError(error)}`;
      const subject = `kernel ${release.version}`;
      return this.thaw(reasonOf('KEXEC_FAILED', detail, { subject, cause: error }));
    }
  }

  async retrieve({ signal, lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { arrival, supervisor, faults, log } = this.options;
    const { frozenAt } = this;
    if (arrival.found !== 'handover' || frozenAt === null || this.sessions.hasIncoming) {
      return rolledBack(nothingLeftFor('retrieve'), lastSessions);
    }
    const sessions = this.sessions.adoptRetrieved(arrival.own, arrival.retrieved);
    faults.point('retrieve:deserialized');
    const started = supervisor.names
      .map((name) => supervisor.replace(name, this.sessions.heldFor(name)))
      .filter((instance) => instance !== null);
    faults.point('retrieve:spawned');
    const checks = await supervisor.untilAllServing(started, signal);
    this.frozenAt = null;
    const { ms: frozenAtMs, ageMs } = frozenAt;
    const resumedAtMs = Date.now();
    // Only the wall clock knows how long the kexec itself took, but it may have been set meanwhile, and that of a board without
    // a finer one starts at whole seconds: what both kernels have counted is the least it can be.
    const blackoutMs = Math.max(resumedAtMs - frozenAtMs, sinceBootMs() - ageMs);
    const end = { ...succeeded(sessions), frozenAtMs, resumedAtMs, blackoutMs };
    const lost = sessions.flatMap(({ files }) => files).find((file) => file.reason !== null);
    const emptyLost = sessions.find(({ state }) => state !== 'retrieved');
    if (lost?.reason) return { ...end, outcome: 'state-lost', reason: lost.reason };
    if (emptyLost) {
      const reason = reasonOf('SESSIONS_GONE', `session ${emptyLost.name} was not handed over`);
      return { ...end, outcome: 'state-lost', reason };
    }
    const silent = checks.find(({ answer }) => !answer.ok);
    if (silent === undefined) {
      log.info('workloads serve again', { blackoutMs });
      return end;
    }
    for (const { one, answer } of checks) if (!answer.ok) supervisor.awaitLate(one);
    const { workload } = silent.one;
    const detail = `workload ${workload} does not serve in the next kernel: ${silent.answer.reason}`;
    const reason = reasonOf('WORKLOAD_NOT_SERVING', detail, { subject: `workload ${workload}` });
    return { ...end, outcome: 'failed', reason };
  }

  /** Nothing was kept in case retrieve failed: the old instances ended with their kernel. */
  settle(): Promise<void> {
    this.images.booted();
    return Promise.resolve();
  }

  finish({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor, faults, finishHold, log } = this.options;
    const words = faults.refusesFinish()
      ? 'a fault is configured to refuse finish'
      : finishHolds(supervisor, finishHold);
    if (words !== '') return Promise.resolve(finishVetoed(words, lastSessions));
    try {
      const finished = this.sessions.finishAll();
      const { orphans } = this.sessions;
      if (orphans.size > 0) log.warn('sessions that nobody can end', { orphans: [...orphans] });
      const known =
        finished.length > 0 ? finished : withState(lastSessions, 'finished', 'finished');
      return Promise.resolve(succeeded(known));
    } catch (error) {
      if (!(error instanceof SessionFailure)) throw error;
      return Promise.resolve(endedOtherwise('refused', error.reason, error.sessions));
    }
  }

  verify({ command, signal }: PhaseContext): Promise<PhaseEnd> {
    const { supervisor } = this.options;
    return verifyHost({ command, signal, supervisor, runningVersion: this.running.version });
  }

  async rollback({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    const wasFrozen = this.isFrozen();
    this.unstage();
    const sessions = this.sessions.hasIncoming ? [] : this.sessions.release();
    if (wasFrozen) await this.resumeWorkloads();
    return rollbackDone(sessions, lastSessions, wasFrozen);
  }

  isFrozen(): boolean {
    return this.frozenAt !== null;
  }

  health() {
    return this.options.supervisor.health();
  }

  /** Sessions that the kernel holds memory for and that nobody can end before the next reboot. */
  get orphanedSessions(): string[] {
    return [...this.sessions.orphans];
  }

  async stop(): Promise<void> {
    await this.options.supervisor.stop();
  }

  /** The undo of preserve, freeze and a reboot that returned. */
  private async thaw(reason: Reason): Promise<PhaseEnd> {
    const { frozenAt } = this;
    this.unstage();
    const sessions = this.sessions.release();
    if (frozenAt !== null) await this.resumeWorkloads();
    const end = endedOtherwise('rolled-back', reason, sessions);
    if (frozenAt === null) return end;
    const blackoutMs = sinceBootMs() - frozenAt.ageMs;
    return { ...end, frozenAtMs: frozenAt.ms, resumedAtMs: Date.now(), blackoutMs };
  }

  /** A staged kernel that stays is no danger to the host, so failing to drop it must not keep workloads from resuming. */
  private unstage(): void {
    this.images.unstaged();
    try {
      unstageKernel();
    } catch (error) {
      const { log } = this.options;
      log.error('the staged kernel can not be dropped', { error: describeError(error) });
    }
  }

  private async resumeWorkloads(): Promise<void> {
    const { supervisor, log } = this.options;
    await resumeWorkloads(supervisor, log);
    this.frozenAt = null;
  }
}

/**
 * The kexec ends the event loop with everything that waits in it. What was reported last, the freeze, gets on its way in
 * these turns; nobody waits for an answer to it.
 */
async function letSendersRun(): Promise<void> {
  for (let turn = 0; turn < SENDER_TURNS; turn += 1) await setImmediate();
}

/** hrtime is CLOCK_MONOTONIC, which starts with the kernel. */
const sinceBootMs = (): number => Number(process.hrtime.bigint()) / 1e6;
