// Phases that never end and ignore their signal, and an agent that is told to stop in the middle of one.
import { MemoryBackend } from '../backend/memory/memory.backend';
import type { Arrival, PhaseContext, RebootContext } from '../backend/backend';
import { Faults } from '../faults/faults';
import { MemoryJournal } from '../journal/journal';
import { silentLog } from '../log';
import {
  succeeded,
  type AgentCommand,
  type AgentResult,
  type PhaseEnd,
  type PhaseName,
} from '../model/command';
import { PhaseExecutor } from './phase-executor';

const TIMEOUT_MS = 1_000;
/** More than a phase and its grace take, and less than what no command limits. */
const BOUND_MS = 60_000;
const FROZEN_LIMIT_MS = 30_000;

const release = {
  ...{ name: 'r', version: '2.0.0', kind: 'runtime', imageUri: '', imageSha256: 'ab' },
  ...{ handlers: [], kernelCommandLine: '', initrdUri: '', initrdSha256: '', luoAbi: '' },
};
const commandFor = (phase: PhaseName, over: Partial<AgentCommand> = {}): AgentCommand => ({
  ...{ key: phase, hostUpdateId: 'hu', rolloutId: 'r', phase, attempt: 1, generation: 1n },
  ...{ afterKey: '', timeoutMs: TIMEOUT_MS, soakMs: 0, release },
  ...over,
});

class StuckBackend extends MemoryBackend {
  stuckIn: PhaseName | null = null;
  context: PhaseContext | null = null;
  end: (end: PhaseEnd) => void = () => undefined;
  arrival: Arrival = { how: 'cold' };

  override arrive = () => Promise.resolve(this.arrival);
  override preflight = this.hang('preflight', (context) => super.preflight(context));
  override preserve = this.hang('preserve', () => super.preserve());
  override freeze = this.hang('freeze', (context) => super.freeze(context));
  override reboot = this.hang('reboot', (context) => super.reboot(context as RebootContext));
  override retrieve = this.hang('retrieve', (context) => super.retrieve(context));
  override finish = this.hang('finish', (context) => super.finish(context));
  override verify = this.hang('verify', (context) => super.verify(context));
  override rollback = this.hang('rollback', () => super.rollback());

  private hang(phase: PhaseName, act: (context: PhaseContext) => Promise<PhaseEnd>) {
    return (context?: PhaseContext): Promise<PhaseEnd> => {
      if (phase !== this.stuckIn) return act(context as PhaseContext);
      this.context = context ?? null;
      return new Promise((resolve) => (this.end = resolve));
    };
  }
}

/** Does something at a point, between two awaits or none. */
class PointFaults extends Faults {
  at: string | null = null;
  act: () => void = () => undefined;
  override point(point: string): void {
    if (point === this.at) this.act();
  }
}

let results: Map<string, AgentResult>;
let faults: PointFaults;
let lastLook: () => Promise<unknown>;
let backend: StuckBackend;
let journal: MemoryJournal;
let executor: PhaseExecutor;

beforeEach(() => {
  jest.useFakeTimers();
  results = new Map();
  faults = new PointFaults();
  lastLook = () => Promise.resolve();
  backend = new StuckBackend({
    ...{ hostName: 'h', version: '1.0.0', sessionsPerHost: 1, filesPerSession: 1 },
    ...{ phaseDurationMs: 0, failsFreeze: false },
  });
  journal = new MemoryJournal();
  executor = new PhaseExecutor({
    ...{ journal, backend, incarnationId: 'i', log: silentLog, faults },
    lastLook: () => lastLook(),
    frozenLimitMs: FROZEN_LIMIT_MS,
    onAccepted: () => undefined,
    onResult: (result) => results.set(result.key, result),
    onTookOver: () => undefined,
  });
});
afterEach(() => jest.useRealTimers());

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const carryOut = async (...phases: PhaseName[]) => {
  for (const phase of phases) executor.accept(commandFor(phase));
  await pass(1);
};

describe('a phase that never ends', () => {
  it.each([
    ...(['preflight', 'preserve', 'freeze', 'retrieve', 'finish', 'verify', 'rollback'] as const),
  ])('is answered TIMEOUT when it is %s, and what is read only goes on after it', async (phase) => {
    await executor.open();
    backend.stuckIn = phase;
    await carryOut(phase);
    executor.accept(commandFor('verify', { key: 'next' }));
    backend.stuckIn = null;
    await pass(BOUND_MS);
    expect(results.get(phase)).toMatchObject({ outcome: 'failed', reason: { code: 'TIMEOUT' } });
    expect(backend.context?.signal.aborted).toBe(true);
    expect(results.get('next')?.outcome).toBe('failed');
    expect(results.get('next')?.reason?.code).toBe('WRONG_VERSION');
    await executor.close(0);
  });

  it('can not act when it is over: it does not cross, nor is anything changed beside it', async () => {
    await executor.open();
    backend.stuckIn = 'reboot';
    await carryOut('preserve', 'freeze', 'reboot');
    const late = backend.context as RebootContext;
    backend.stuckIn = null;
    // Told to end, and not given up yet.
    await pass(TIMEOUT_MS + 1);
    expect(results.get('reboot')).toBeUndefined();
    await expect(late.cross('ab')).rejects.toThrow('reboot took longer');
    executor.accept(commandFor('rollback'));
    await pass(BOUND_MS);
    expect(results.get('reboot')?.reason?.code).toBe('TIMEOUT');
    expect(results.get('rollback')?.reason?.code).toBe('TIMEOUT');
    await expect(late.cross('ab')).rejects.toThrow('the phase is over');
    expect(journal.state.crossing).toBeNull();
    expect(backend.isFrozen()).toBe(true);

    backend.end(succeeded());
    executor.accept(commandFor('rollback', { key: 'again' }));
    await pass(1);
    expect(results.get('again')?.outcome).toBe('succeeded');
    expect(results.get('reboot')?.outcome).toBe('failed');
    expect(backend.isFrozen()).toBe(false);
    await executor.close(0);
  });

  it('is given up without a stated time too', async () => {
    await executor.open();
    backend.stuckIn = 'preserve';
    executor.accept(commandFor('preserve', { timeoutMs: 0 }));
    await pass(700_000);
    expect(results.get('preserve')?.reason?.code).toBe('TIMEOUT');
    await executor.close(0);
  });

  it('ends the start of a runtime that it keeps from taking over', async () => {
    backend.arrival = { how: 'handover', key: 'reboot' };
    backend.stuckIn = 'retrieve';
    const opened = executor.open();
    const failed = expect(opened).rejects.toThrow('retrieve took longer than 600000 ms');
    await pass(700_000);
    await failed;
    expect(backend.context).toMatchObject({ command: null, signal: { aborted: true } });
    expect(journal.state.crossing?.retrieved ?? null).toBeNull();
    await executor.close(0);
  });

  it('is given up when nobody asked for it, and tried again', async () => {
    await executor.open();
    await carryOut('preserve', 'freeze');
    backend.stuckIn = 'rollback';
    await pass(FROZEN_LIMIT_MS);
    expect(backend.context?.command).toBeNull();
    backend.stuckIn = null;
    await pass(700_000);
    expect(backend.context?.signal.aborted).toBe(true);
    expect(backend.isFrozen()).toBe(true);
    backend.end(succeeded());
    await pass(FROZEN_LIMIT_MS + 1);
    expect(backend.isFrozen()).toBe(false);
    await executor.close(0);
  });
});

describe('close', () => {
  it.each(['preflight', 'preserve', 'verify', 'rollback'] as const)(
    'ends a %s that ignores it, says why, and starts nothing after it',
    async (phase) => {
      await executor.open();
      backend.stuckIn = phase;
      const timeoutMs = 86_400_000;
      executor.accept(commandFor(phase, { timeoutMs }));
      executor.accept(commandFor('finish', { afterKey: phase }));
      await pass(1);
      const closed = executor.close(5_000);
      await pass(BOUND_MS);
      await closed;
      expect(backend.context?.signal.aborted).toBe(true);
      expect(results.get(phase)?.reason?.code).toBe('AGENT_STOPPING');
      expect(results.has('finish')).toBe(false);
    },
  );

  it('leaves a phase its grace', async () => {
    await executor.open();
    backend.stuckIn = 'finish';
    await carryOut('finish');
    const closed = executor.close(5_000);
    await pass(500);
    backend.end(succeeded());
    await closed;
    expect(results.get('finish')?.outcome).toBe('succeeded');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends an arrival that never does', async () => {
    backend.arrival = { how: 'handover', key: 'reboot' };
    backend.stuckIn = 'retrieve';
    const opened = executor.open();
    const failed = expect(opened).rejects.toThrow('told to stop');
    await pass(1);
    const closed = executor.close(5_000);
    await pass(BOUND_MS);
    await closed;
    await failed;
    expect(backend.context?.signal.aborted).toBe(true);
  });

  describe('before the point of no return', () => {
    let closed: Promise<void> | null;
    const close = () => {
      closed = executor.close(5_000);
    };
    beforeEach(() => {
      closed = null;
      faults.act = close;
    });
    const expectStayed = async () => {
      await pass(BOUND_MS);
      await closed;
      expect(closed).not.toBeNull();
      expect(journal.state.crossing).toBeNull();
      expect(backend.running.version).toBe('1.0.0');
    };

    it.each(['before:reboot', 'journaled:reboot'])(
      'keeps a reboot from crossing, at %s',
      async (at) => {
        await executor.open();
        faults.at = at;
        await carryOut('preserve', 'freeze', 'reboot');
        await expectStayed();
        expect(results.get('reboot')?.reason?.code).toBe('AGENT_STOPPING');
      },
    );

    it('keeps a reboot from crossing in its last look', async () => {
      await executor.open();
      lastLook = () => Promise.resolve().then(close);
      await carryOut('preserve', 'freeze', 'reboot');
      await expectStayed();
      expect(results.get('reboot')?.reason?.code).toBe('AGENT_STOPPING');
    });

    it.each(['acted:freeze', 'after:freeze'])('starts no reboot, at %s', async (at) => {
      await executor.open();
      faults.at = at;
      await carryOut('preserve', 'freeze', 'reboot');
      await expectStayed();
      expect(results.has('reboot')).toBe(false);
    });
  });

  it('leaves a reboot that has crossed what it is', async () => {
    await executor.open();
    let closed: Promise<void> | null = null;
    faults.at = 'reboot:crossed';
    faults.act = () => {
      closed = executor.close(5_000);
    };
    await carryOut('preserve', 'freeze', 'reboot');
    await pass(BOUND_MS);
    await closed;
    expect(results.get('reboot')?.outcome).toBe('succeeded');
    expect(backend.running.version).toBe('2.0.0');
  });
});
