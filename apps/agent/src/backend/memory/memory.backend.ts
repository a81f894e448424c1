// A simulated host: the real LUO engine over buffers in memory; the reboot replaces the orchestrator and nothing else.
//
// Happy path: as on the engine backend, with buffers for descriptors and a pause for the time phases take.
// Unhappy paths: a freeze may be made to fail for a share of the hosts; the engine then rolls back as on a real one.
// A simulated host ends with its process: nothing of it is durable, and `arrive` is always cold.
// Ordering: the version changes with the reboot; sessions are what retrieve finds in the region, not what preserve knew.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createHandoverMemory,
  HandlerError,
  MemoryBuffer,
  MemoryBufferHandler,
  Orchestrator,
  type HandoverMemory,
  type OutgoingFile,
  type Session,
} from '@luofleet/luo-engine';
import {
  endedOtherwise,
  succeeded,
  type PhaseEnd,
  type SessionStatus,
  type SessionStateName,
} from '../../model/command';
import { abortReason } from '../../commands/phase-clock';
import { describeError, reasonOf } from '../../model/reason';
import { compatibles } from '../engine/host-file';
import { withState } from '../session-status';
import type {
  Arrival,
  Backend,
  PhaseContext,
  RebootContext,
  Recovery,
  WorkloadHealth,
} from '../backend';

export interface MemoryBackendOptions {
  /** Seeds names and contents, so that a host is the same in every run. */
  hostName: string;
  version: string;
  sessionsPerHost: number;
  filesPerSession: number;
  /** How long a phase takes besides the engine's own work; varied by a fifth around it. */
  phaseDurationMs: number;
  /** Whether the first freeze of this host fails with ENOMEM. */
  failsFreeze: boolean;
}

interface OpenSession {
  name: string;
  session: Session<MemoryBuffer>;
}

export class MemoryBackend implements Backend {
  readonly kind = 'memory';
  /** Releases for real hosts are good for simulated ones too. */
  readonly handlers: readonly string[] = [
    ...Object.values(compatibles),
    MemoryBufferHandler.compatible,
  ];
  readonly releaseKinds = ['kernel', 'runtime'] as const;
  readonly bootId = randomUUID();
  readonly kernelRelease = 'simulated';
  readonly running: { version: string; sha256: string };
  private memory: HandoverMemory = createHandoverMemory();
  private orchestrator: Orchestrator<MemoryBuffer>;
  private outgoing: OpenSession[] = [];
  private incoming: OpenSession[] = [];
  private region: Uint8Array | null = null;
  private preserved = false;
  private frozenAt: { ms: number; monotonicMs: number } | null = null;
  private rebooted = false;
  private failuresLeft: number;

  constructor(private readonly options: MemoryBackendOptions) {
    this.running = { version: options.version, sha256: digestOf(options.version) };
    this.failuresLeft = options.failsFreeze ? 1 : 0;
    this.orchestrator = this.newOrchestrator();
  }

  arrive(): Promise<Arrival> {
    return Promise.resolve({ how: 'cold' });
  }

  recover(): Promise<Recovery> {
    return Promise.resolve({ lost: [], resumedAtMs: 0 });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async preflight({ command }: PhaseContext): Promise<PhaseEnd> {
    await this.pause();
    if (command?.release) return succeeded();
    return endedOtherwise(
      'rolled-back',
      reasonOf('RELEASE_MISSING', 'the command names no release'),
    );
  }

  async preserve(): Promise<PhaseEnd> {
    await this.pause();
    await this.release();
    // What an update that never got to finish has left.
    await this.finishIncoming();
    const { hostName, sessionsPerHost, filesPerSession } = this.options;
    const device = this.orchestrator.open();
    for (let number = 0; number < sessionsPerHost; number += 1) {
      const name = `workload-${number}`;
      const session = device.createSession(name);
      this.outgoing.push({ name, session });
      for (let token = 0; token < filesPerSession; token += 1) {
        const bytes = createHash('sha256').update(`${hostName}/${name}/${token}`).digest();
        await session.preserve(BigInt(token), new MemoryBuffer(bytes));
      }
    }
    device.close();
    this.preserved = true;
    return succeeded(statusOf(this.outgoing, 'preserved'));
  }

  async freeze({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    if (!this.preserved) return this.gone(lastSessions);
    this.frozenAt = { ms: Date.now(), monotonicMs: performance.now() };
    await this.pause();
    try {
      this.region = await this.orchestrator.freezeAll();
    } catch (error) {
      const sessions = await this.release();
      const reason = reasonOf('FREEZE_FAILED', describeError(error), { cause: error });
      return { ...endedOtherwise('rolled-back', reason, sessions), ...this.thawed() };
    }
    const { ms: frozenAtMs } = this.frozenAt;
    return { ...succeeded(statusOf(this.outgoing, 'frozen')), frozenAtMs };
  }

  async reboot({ command, lastSessions, cross }: RebootContext): Promise<PhaseEnd> {
    const release = command?.release;
    if (this.region === null || !release) return this.gone(lastSessions);
    await cross(release.imageSha256);
    await this.pause();
    this.memory = createHandoverMemory({ incoming: this.region });
    this.orchestrator = this.newOrchestrator();
    this.outgoing = [];
    this.region = null;
    this.preserved = false;
    this.rebooted = true;
    this.running.version = release.version;
    this.running.sha256 = release.imageSha256;
    return succeeded();
  }

  async retrieve({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    if (!this.rebooted) return this.gone(lastSessions);
    await this.pause();
    const { hostName } = this.options;
    const device = this.orchestrator.open();
    for (const { name, files } of lastSessions) {
      const session = device.retrieveSession(name);
      this.incoming.push({ name, session });
      for (const { token } of files) {
        const { bytes } = await session.retrieve(token);
        const expected = createHash('sha256').update(`${hostName}/${name}/${token}`).digest();
        if (!expected.equals(bytes)) throw new Error(`content of ${name}/${token} was not kept`);
      }
    }
    device.close();
    this.rebooted = false;
    return { ...succeeded(statusOf(this.incoming, 'retrieved')), ...this.thawed() };
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  async finish({ lastSessions }: PhaseContext): Promise<PhaseEnd> {
    await this.pause();
    await this.finishIncoming();
    return succeeded(withState(lastSessions, 'finished', 'finished'));
  }

  private async finishIncoming(): Promise<void> {
    for (const { session } of this.incoming) {
      await session.finish();
      await session.close();
    }
    this.incoming = [];
  }

  async verify({ command, signal }: PhaseContext): Promise<PhaseEnd> {
    await this.pause();
    const wanted = command?.release?.version;
    if (wanted !== undefined && wanted !== this.running.version) {
      const detail = `${this.running.version} runs, not ${wanted}`;
      return endedOtherwise('failed', reasonOf('WRONG_VERSION', detail));
    }
    await delay(command?.soakMs ?? 0, undefined, { signal }).catch(() => undefined);
    return signal.aborted ? endedOtherwise('failed', abortReason(signal)) : succeeded();
  }

  async rollback(): Promise<PhaseEnd> {
    const wasFrozen = this.isFrozen();
    const sessions = await this.release();
    return { ...succeeded(sessions), ...(wasFrozen ? this.thawed() : {}) };
  }

  isFrozen(): boolean {
    return this.frozenAt !== null;
  }

  health(): WorkloadHealth[] {
    const state = this.isFrozen() ? 'quiesced' : 'serving';
    return Array.from({ length: this.options.sessionsPerHost }, (_none, number) => ({
      ...{ name: `workload-${number}`, state, detail: '', pid: 0 },
    }));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private newOrchestrator(): Orchestrator<MemoryBuffer> {
    const orchestrator = new Orchestrator<MemoryBuffer>({ memory: this.memory });
    const fails = () => this.failuresLeft-- > 0;
    orchestrator.registerHandler(new FailingBufferHandler(this.memory, fails));
    return orchestrator;
  }

  /** The undo of freeze and preserve. */
  private async release(): Promise<SessionStatus[]> {
    const sessions = statusOf(this.outgoing, 'unpreserved');
    if (this.region !== null) await this.orchestrator.unfreezeAll();
    this.region = null;
    this.preserved = false;
    for (const { session } of this.outgoing.splice(0)) await session.close();
    return sessions;
  }

  private thawed(): Partial<PhaseEnd> {
    if (this.frozenAt === null) return {};
    const { ms: frozenAtMs, monotonicMs } = this.frozenAt;
    this.frozenAt = null;
    const blackoutMs = performance.now() - monotonicMs;
    return { frozenAtMs, resumedAtMs: Date.now(), blackoutMs };
  }

  private gone(lastSessions: SessionStatus[]): PhaseEnd {
    const reason = reasonOf('SESSIONS_GONE', 'nothing is preserved or frozen here');
    return endedOtherwise(
      'rolled-back',
      reason,
      withState(lastSessions, 'unpreserved', 'unpreserved'),
    );
  }

  private async pause(): Promise<void> {
    const { phaseDurationMs } = this.options;
    if (phaseDurationMs > 0) await delay(phaseDurationMs * (0.8 + 0.4 * Math.random()));
  }
}

class FailingBufferHandler extends MemoryBufferHandler {
  constructor(
    memory: HandoverMemory,
    private readonly fails: () => boolean,
  ) {
    super(memory);
  }

  override freeze(file: OutgoingFile<MemoryBuffer>): void {
    if (this.fails()) throw new HandlerError('ENOMEM', 'the simulation lets this freeze fail');
    super.freeze(file);
  }
}

const statusOf = (
  open: readonly OpenSession[],
  state: SessionStateName & ('preserved' | 'frozen' | 'retrieved' | 'unpreserved'),
): SessionStatus[] =>
  open.map(({ name, session }) => ({
    ...{ name, workload: name, state },
    files: session.report().map(({ token, compatible, data }) => ({
      ...{ token, name: `file-${token}`, compatible, dataHandle: data, state, reason: null },
      sizeBytes: 32n,
    })),
  }));

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
