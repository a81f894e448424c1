// The workloads of one host: their processes and which of them may serve.
//
// Happy path: one instance per workload, started here, restarted when it ends. During a live update the old instance
// stays, quiesced, until the new one serves; then `retire` ends it.
// Unhappy paths: an instance that ends while serving is started again after a backoff, with the descriptors that are
// held for it, if any; while quiesced nothing is restarted until `resumeAll` or `retire`. After a crash of the agent `adopt` finds the
// processes that live on.
// Ordering: at no time may two instances of a workload serve; a new one is told nothing before the old one is quiesced.
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { limited } from '@luofleet/platform/clock';
import { Backoff } from '../link/backoff';
import type { WorkloadHealth } from '../backend/backend';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import type { AgentSettings, WorkloadSettings } from '../settings/agent-settings';
import { useCgroupsOf } from './instance-cgroup';
import { endFamily, endStrays } from './instance-family';
import { InstanceRecord } from './instance-record';
import { identifyProcess, isRunning, type FoundInstance } from './process-table';
import { spawnInstance, type HandedDescriptor, type SpawnRequest } from './spawn-instance';
import { noAnswerTo, WorkloadInstance, type Answer } from './workload-instance';

/** How often processes that are not this image's own children are looked at. */
const WATCH_INTERVAL_MS = 100;

export interface SupervisorOptions {
  settings: Pick<
    AgentSettings,
    'workloads' | 'socket' | 'stateDir' | 'stopTimeoutMs' | 'startTimeoutMs'
  >;
  incarnationId: string;
  log: Log;
  /** Descriptors held for a workload whose process ended: its next instance gets them. */
  heldFor(workload: string): HandedDescriptor[];
  /** Why the workload refuses the end of an update; undefined when it does not. */
  finishHold(workload: string): string | undefined;
}

export class WorkloadSupervisor {
  /** The instance that is the workload now. */
  readonly current = new Map<string, WorkloadInstance>();
  /** Old instances that have not ended yet. */
  readonly retiring = new Set<WorkloadInstance>();
  private readonly watched = new Set<WorkloadInstance>();
  /** Instances that were told to end; their families are taken care of. */
  private readonly ending = new Set<WorkloadInstance>();
  /** Ended by themselves, with something left behind that is being ended. */
  private readonly clearing = new Map<WorkloadInstance, Promise<void>>();
  private readonly backoffs = new Map<string, Backoff>();
  private watchTimer: NodeJS.Timeout | undefined;
  private stopping = false;
  private quiesced = false;

  private readonly record: InstanceRecord;

  constructor(private readonly options: SupervisorOptions) {
    useCgroupsOf(options.settings.socket);
    this.record = new InstanceRecord(options.settings.stateDir);
  }

  get names(): string[] {
    return this.options.settings.workloads.map(({ name }) => name);
  }

  get isQuiesced(): boolean {
    return this.quiesced;
  }

  /** Instance whose process is `pid` or an ancestor of it. */
  instanceOf(workload: string, isProcess: (instance: WorkloadInstance) => boolean) {
    const all = [this.current.get(workload), ...this.retiring];
    return all.find((one) => one?.workload === workload && one.state !== 'ended' && isProcess(one));
  }

  /** Processes of this agent's workloads that are running, oldest first. */
  survivors(): FoundInstance[] {
    return this.record.survivors(this.options.settings.socket);
  }

  /** Ends what was started by instances that no longer run. */
  async endStrays(): Promise<void> {
    const { settings, log } = this.options;
    const alive = new Set(this.survivors().map(({ instance }) => instance));
    const gone = this.record.gone().map((one) => ({ ...one, id: one.instance }));
    const stuck = await Promise.all(gone.map((one) => endFamily(one, 0)));
    const left = [...stuck.flat(), ...(await endStrays(settings.socket, alive))];
    if (left.length > 0) log.error('processes of ended workloads can not be ended', { left });
  }

  /**
   * Takes a running process over as the workload's instance; it will connect and register by itself. A quiesced one means
   * a quiesced host: nobody is restarted until `resumeAll` or `retire`.
   */
  adopt(
    found: Omit<FoundInstance, 'incarnationId'> & { incarnationId?: string },
    state: 'starting' | 'quiesced',
  ) {
    const instance = new WorkloadInstance(found.workload, found.instance, found.process);
    instance.state = state;
    if (state === 'quiesced') this.quiesced = true;
    this.current.set(found.workload, instance);
    this.remember(instance, found.incarnationId ?? '');
    this.follow(instance);
    this.watch(instance);
    return instance;
  }

  private remember({ workload, id, process }: WorkloadInstance, incarnationId: string): void {
    this.record.add({ workload, instance: id, incarnationId, process }, this.options.log);
  }

  /** Starts every workload that has no process. */
  startMissing(): void {
    if (this.stopping) return;
    for (const workload of this.options.settings.workloads) {
      const before = this.current.get(workload.name);
      if (before === undefined) this.start(workload);
      else if (before.state === 'ended') this.startAfter(before);
    }
  }

  /** Starts a new instance with these descriptors and makes it current; the one before it is kept as retiring. */
  replace(workload: string, descriptors: readonly HandedDescriptor[]): WorkloadInstance | null {
    const settings = this.options.settings.workloads.find(({ name }) => name === workload);
    if (settings === undefined) return null;
    const before = this.current.get(workload);
    if (before !== undefined && before.state !== 'ended') this.retiring.add(before);
    return this.spawn(settings, descriptors);
  }

  /** The undo of `replace`: the new instance is killed and the old one is current again. */
  async restore(workload: string): Promise<WorkloadInstance | undefined> {
    const failed = this.current.get(workload);
    const old = [...this.retiring].find((one) => one.workload === workload);
    if (old === undefined) return undefined;
    this.retiring.delete(old);
    this.current.set(workload, old);
    if (failed !== undefined) await this.end(failed, 0);
    return old;
  }

  /** Resolves with the answer of `check` once the instance listens; its state is then serving. */
  async untilServing(instance: WorkloadInstance, signal?: AbortSignal): Promise<Answer> {
    const answer = await instance.instruct('check', signal);
    if (answer.ok && instance.state === 'starting') instance.state = 'serving';
    else if (!answer.ok) instance.detail = answer.reason;
    return answer;
  }

  /** Each of these with its answer, within the time that a workload may take to start. */
  untilAllServing(
    instances: readonly WorkloadInstance[],
    interrupt: AbortSignal,
  ): Promise<Array<{ one: WorkloadInstance; answer: Answer }>> {
    const check = async (one: WorkloadInstance, signal: AbortSignal) => ({
      one,
      answer: await this.untilServing(one, signal),
    });
    return limited(
      this.options.settings.startTimeoutMs,
      (signal) => Promise.all(instances.map((one) => check(one, signal))),
      interrupt,
    );
  }

  /** Asks all to quiesce at once; the answers tell who vetoed. No process is restarted from here until `resumeAll`. */
  async quiesceAll(
    signal: AbortSignal,
  ): Promise<Array<{ instance: WorkloadInstance; answer: Answer }>> {
    this.quiesced = true;
    const serving = [...this.current.values()].filter(({ state }) => state !== 'ended');
    return Promise.all(
      serving.map(async (instance) => {
        const answer = await instance.instruct('quiesce', signal);
        if (answer.ok && instance.state !== 'ended') instance.state = 'quiesced';
        return { instance, answer };
      }),
    );
  }

  /** The undo of `quiesceAll`: everybody serves again; who ended meanwhile is started with the descriptors held for it. */
  async resumeAll(signal: AbortSignal): Promise<string[]> {
    this.quiesced = false;
    const failures = await Promise.all(
      [...this.current.values()].map((one) => this.resume(one, signal)),
    );
    this.startMissing();
    return failures.filter((failure) => failure !== null);
  }

  /**
   * Tells one to serve again. Null once it does or has ended, else what is wrong; an answer that comes too late counts too:
   * nobody stays quiesced because it was slow.
   */
  async resume(instance: WorkloadInstance, signal: AbortSignal): Promise<string | null> {
    if (instance.state === 'ended') return null;
    const answered = instance.instruct('resume').then((answer) => {
      if (answer.ok && !this.isGone(instance)) instance.state = 'serving';
      return answer;
    });
    const answer = await Promise.race([answered, noAnswerTo('resume', signal)]);
    return answer.ok || this.isGone(instance) ? null : `${instance.workload}: ${answer.reason}`;
  }

  private isGone(instance: WorkloadInstance): boolean {
    return instance.state === 'ended';
  }

  /** Ends the old instances; a new one that ended meanwhile is started again, as from now on always. */
  async retire(): Promise<void> {
    this.quiesced = false;
    this.startMissing();
    await Promise.all(
      [...this.retiring].map((one) => this.end(one, this.options.settings.stopTimeoutMs)),
    );
  }

  health(): WorkloadHealth[] {
    return this.names.map((name) => {
      const instance = this.current.get(name);
      const state = instance?.state ?? 'ended';
      const hold = this.options.finishHold(name);
      const detail = [
        instance?.detail ?? 'not started yet',
        hold === undefined ? '' : `holds the end of an update: ${hold}`,
      ];
      return {
        name,
        state: state === 'ended' ? 'stopped' : state,
        detail: detail.filter(Boolean).join('; '),
        pid: state === 'ended' ? 0 : (instance?.process.pid ?? 0),
      };
    });
  }

  /** Ordered end of the agent: all processes stop. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { stopTimeoutMs } = this.options.settings;
    const all = [...this.current.values(), ...this.retiring];
    await Promise.all([
      ...all.filter(({ state }) => state !== 'ended').map((one) => this.end(one, stopTimeoutMs)),
      ...this.clearing.values(),
    ]);
    clearInterval(this.watchTimer);
  }

  /**
   * Ends an instance with all it has started: its process is asked to stop, SIGTERM to all after half of the grace, SIGKILL
   * after all of it. Resolves once they are gone, or the kernel was given up on.
   */
  async end(instance: WorkloadInstance, graceMs: number): Promise<void> {
    if (instance.state === 'ended') return this.clearing.get(instance);
    this.ending.add(instance);
    this.watch(instance);
    const isAsked = graceMs > 0 && instance.isListening;
    if (isAsked) {
      void instance.instruct('stop');
      await this.untilEnded(instance, graceMs / 2);
    }
    this.report(instance, await endFamily(instance, isAsked ? graceMs / 2 : graceMs));
    if (!isRunning(instance.process)) instance.ended('ended');
    this.retiring.delete(instance);
  }

  /** A workload that was too slow still serves once it answers. */
  awaitLate(instance: WorkloadInstance): void {
    if (instance.state === 'starting') void this.untilServing(instance);
  }

  private start(settings: WorkloadSettings): void {
    const instance = this.spawn(settings, this.options.heldFor(settings.name));
    const { startTimeoutMs } = this.options.settings;
    const answered = limited(startTimeoutMs, (signal) => this.untilServing(instance, signal));
    void answered.then(({ ok, reason }) => {
      const { log } = this.options;
      if (ok) this.backoffs.get(settings.name)?.reset();
      else if (!this.stopping) {
        log.warn('workload does not serve', { workload: settings.name, reason });
        this.awaitLate(instance);
      }
    });
  }

  private spawn(
    settings: WorkloadSettings,
    descriptors: readonly HandedDescriptor[],
  ): WorkloadInstance {
    const { settings: agent, incarnationId, log } = this.options;
    const id = randomUUID();
    const { socket } = agent;
    const logDir = `${agent.stateDir}/logs`;
    const request = {
      workload: settings,
      instance: id,
      incarnationId,
      socket,
      logDir,
      descriptors,
    };
    const child = spawnOrWhyNot(request);
    const pid = 'pid' in child ? (child.pid ?? 0) : 0;
    const identity = (pid === 0 ? null : identifyProcess(pid)) ?? { pid, startTicks: '' };
    const instance = new WorkloadInstance(settings.name, id, identity);
    this.current.set(settings.name, instance);
    if (pid !== 0) this.remember(instance, incarnationId);
    this.follow(instance);
    if ('whyNot' in child) {
      instance.ended(child.whyNot);
      return instance;
    }
    child.once('error', (error) => instance.ended(error.message));
    child.once('exit', (code, signal) => instance.ended(signal ?? exitInWords(code)));
    log.info('workload started', { workload: settings.name, pid, descriptors: descriptors.length });
    return instance;
  }

  private follow(instance: WorkloadInstance): void {
    instance.onEnded((how) => {
      this.retiring.delete(instance);
      this.watched.delete(instance);
      if (!this.ending.delete(instance)) this.clearUp(instance);
      const { log } = this.options;
      const isCurrent = this.current.get(instance.workload) === instance;
      if (!isCurrent || this.stopping) return;
      const { workload } = instance;
      log.warn('workload ended', { workload, pid: instance.process.pid, how });
      if (this.quiesced) return;
      const backoff = this.backoffs.get(workload) ?? new Backoff(100, 10_000);
      this.backoffs.set(workload, backoff);
      setTimeout(() => this.startAfter(instance), backoff.nextMs());
    });
  }

  /** What an instance that ended by itself has left behind may hold its files and ports: its successor starts after that. */
  private clearUp(instance: WorkloadInstance): void {
    const cleared = endFamily(instance, 0)
      .then((left) => this.report(instance, left))
      .catch((error: unknown) => this.report(instance, [describeError(error)]))
      .finally(() => this.clearing.delete(instance));
    this.clearing.set(instance, cleared);
  }

  /** Starts the workload's next instance, unless there is one meanwhile or there is to be none. */
  private startAfter(ended: WorkloadInstance): void {
    const settings = this.options.settings.workloads.find(({ name }) => name === ended.workload);
    const begin = () => {
      const replaced = this.current.get(ended.workload) !== ended;
      if (settings !== undefined && !replaced && !this.stopping && !this.quiesced)
        this.start(settings);
    };
    const cleared = this.clearing.get(ended);
    if (cleared === undefined) begin();
    else void cleared.then(begin);
  }

  private report({ workload }: WorkloadInstance, left: readonly string[]): void {
    if (left.length > 0)
      this.options.log.error('processes of a workload can not be ended', { workload, left });
  }

  private async untilEnded(instance: WorkloadInstance, limitMs: number): Promise<void> {
    const limit = new AbortController();
    const over = delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([new Promise<void>((ended) => instance.onEnded(() => ended())), over]);
    limit.abort();
  }

  /** Only an image's own children announce their end; others are looked at. */
  private watch(instance: WorkloadInstance): void {
    if (instance.state === 'ended') return;
    this.watched.add(instance);
    this.watchTimer ??= setInterval(() => {
      for (const one of [...this.watched]) if (!isRunning(one.process)) one.ended('ended');
    }, WATCH_INTERVAL_MS).unref();
  }
}

/** Node throws for some errors and announces others. */
function spawnOrWhyNot(request: SpawnRequest): ChildProcess | { whyNot: string } {
  try {
    return spawnInstance(request);
  } catch (error) {
    return { whyNot: describeError(error) };
  }
}

/** The shell's own answers when a command can not be run. */
const exitInWords = (code: number | null): string =>
  code === 126 || code === 127
    ? `exit code ${code}: the command can not be run; its log says why`
    : `exit code ${code}`;
