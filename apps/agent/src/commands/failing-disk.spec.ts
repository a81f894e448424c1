// A whole update over a disk that fails at every call, in every way: the journal and the images of the host lie on it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { PhaseContext, RebootContext } from '../backend/backend';
import { KernelImages } from '../backend/kernel/kernel-images';
import { MemoryBackend } from '../backend/memory/memory.backend';
import { rolledBack } from '../backend/phase-ends';
import { Faults } from '../faults/faults';
import { FileJournal } from '../journal/journal';
import { silentLog } from '../log';
import type { AgentCommand, AgentResult, PhaseEnd, PhaseName, Release } from '../model/command';
import { ReasonedError } from '../model/reason';
import { DISK_ERRNOS, FailingFiles, type DiskErrno } from '../testing/failing-files';
import { PhaseExecutor } from './phase-executor';

const CHAIN = [
  'preflight',
  'preserve',
  'freeze',
  'reboot',
  'retrieve',
  'finish',
  'verify',
] as const;
/** A freeze whose reboot could not be taken in has nothing to wait for but this. */
const FROZEN_LIMIT_MS = 30_000;
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

/** A host with images of its own, which says what it did. */
class DiskBackend extends MemoryBackend {
  readonly acted: string[] = [];

  constructor(readonly images: KernelImages) {
    super({
      ...{ hostName: 'h', version: '0', sessionsPerHost: 1, filesPerSession: 1 },
      ...{ phaseDurationMs: 0, failsFreeze: false },
    });
  }

  override preflight = ({ command, signal }: PhaseContext): Promise<PhaseEnd> =>
    this.unlessImageFails(async () => {
      await this.images.prepare(command?.release as Release, signal);
      return super.preflight({ command, signal, lastSessions: [] });
    });
  override preserve = this.told('preserve', () => super.preserve());
  override freeze = this.told('freeze', (context) =>
    this.unlessImageFails(async () => {
      await this.images.stage(context.command?.release as Release, context.signal);
      return super.freeze(context);
    }),
  );
  override reboot = this.told('reboot', (context) => super.reboot(context as RebootContext));
  override retrieve = this.told('retrieve', (context) => super.retrieve(context));
  override settle = () => Promise.resolve(this.images.booted());

  private told(phase: PhaseName, act: (context: PhaseContext) => Promise<PhaseEnd>) {
    return (context?: PhaseContext): Promise<PhaseEnd> => {
      // The backend is not told by which command it preserves.
      this.acted.push(context?.command?.key ?? `${phase} ${this.generation}`);
      return act(context as PhaseContext);
    };
  }
  generation = 1;

  private async unlessImageFails(act: () => Promise<PhaseEnd>): Promise<PhaseEnd> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof ReasonedError) return rolledBack(error.reason);
      throw error;
    }
  }
}

let directory: string;
let disk: FailingFiles;
let results: AgentResult[];

beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date', 'performance', 'hrtime'],
  });
  directory = mkdtempSync(path.join(tmpdir(), 'luofleet-failing-disk-'));
  for (const name of ['0', '1', '2']) writeFileSync(path.join(directory, name), `kernel ${name}`);
  disk = new FailingFiles(path.join(directory, 'state'));
});
afterEach(() => {
  disk.restore();
  jest.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

const journalFile = () => path.join(directory, 'state/journal.log');
const kernelFile = (name: string) =>
  path.join(directory, 'state/kernels', sha256Of(`kernel ${name}`));
const releaseOf = (name: string): Release => ({
  ...{ name, version: name, kind: 'kernel', handlers: [], kernelCommandLine: '', luoAbi: '' },
  ...{ imageUri: `file://${directory}/${name}`, imageSha256: sha256Of(`kernel ${name}`) },
  ...{ initrdUri: '', initrdSha256: '' },
});
const keyOf = (phase: PhaseName, generation: number) => `hu/${phase}/${generation}`;
const chain = (generation: number): AgentCommand[] =>
  CHAIN.map((phase, at) => ({
    ...{ key: keyOf(phase, generation), hostUpdateId: 'hu', rolloutId: 'r', phase },
    ...{ attempt: generation, generation: BigInt(generation), timeoutMs: 0, soakMs: 0 },
    afterKey: at === 0 ? '' : keyOf(CHAIN[at - 1] as PhaseName, generation),
    release: releaseOf(String(generation)),
  }));

interface Life {
  executor: PhaseExecutor;
  journal: FileJournal;
  untilIdle(): Promise<void>;
}

/** An agent from its start on, as far as phases go. */
async function startOn(backend: DiskBackend): Promise<Life> {
  const journal = FileJournal.open(journalFile());
  const executor = new PhaseExecutor({
    ...{ journal, backend, incarnationId: 'i', log: silentLog, faults: new Faults() },
    frozenLimitMs: FROZEN_LIMIT_MS,
    onAccepted: () => undefined,
    onResult: (result) => results.push(result),
    onTookOver: () => undefined,
  });
  await executor.open();
  const { loop } = { loop: () => (executor as unknown as { loop: Promise<void> | null }).loop };
  const untilIdle = async () => {
    for (let idle = 0; idle < 3; idle = loop() === null ? idle + 1 : 0) {
      await loop();
      await turn();
    }
  };
  return { executor, journal, untilIdle };
}

async function update(life: Life, generation: number): Promise<void> {
  for (const command of chain(generation)) life.executor.accept(command);
  await life.untilIdle();
}

/** Runs kernel 0, and everything worked so far. */
async function freshHost(): Promise<DiskBackend> {
  rmSync(path.join(directory, 'state'), { recursive: true, force: true });
  mkdirSync(path.join(directory, 'state'));
  results = [];
  const limits = { imageBytesMax: 1000, fetchStallMs: 1000 };
  const stateDir = path.join(directory, 'state');
  const backend = new DiskBackend(new KernelImages({ stateDir, ...limits }, silentLog));
  const { signal } = new AbortController();
  await backend.images.prepare(releaseOf('0'), signal);
  await backend.images.stage(releaseOf('0'), signal);
  backend.images.booted();
  return backend;
}

const errnos = Object.keys(DISK_ERRNOS) as DiskErrno[];
/** Once, for a while, for ever; what the errno is makes little difference but in words. */
const ways = errnos.flatMap((errno) =>
  (errno === 'ENOSPC' ? [1, 3, undefined] : errno === 'EIO' ? [1, undefined] : [undefined]).map(
    (times) => ({ errno, times, isPartial: times !== 3 }),
  ),
);
const FULL: DiskErrno[] = ['ENOSPC', 'EDQUOT'];

describe.each(ways)('an update on a disk with $errno, $times times', (way) => {
  it('leaves the host serving, acts once, says why, and the next start works', async () => {
    await update(await startOn(await freshHost()), 1);
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(7).fill('succeeded'));
    for (let at = 1, hasFailed = true; hasFailed; at += 1) {
      const backend = await freshHost();
      disk.fail({ at, ...way });
      const life = await startOn(backend);
      await update(life, 1);
      hasFailed = disk.calls.length >= at;
      const where = `from ${at} on:\n${disk.calls.join('\n')}`;
      if (backend.isFrozen()) await jest.advanceTimersByTimeAsync(FROZEN_LIMIT_MS);
      await life.untilIdle();
      expect([where, backend.isFrozen()]).toEqual([where, false]);
      const because = results.find(({ outcome }) => outcome !== 'succeeded')?.reason?.code;
      if (because !== undefined && FULL.includes(way.errno))
        expect([where, because]).toEqual([where, 'DISK_FULL']);

      disk.fail(null);
      // The agent ends as it is, or goes on first.
      if (at % 2 === 0) {
        await jest.advanceTimersByTimeAsync(1_000);
        await life.untilIdle();
      }
      await life.executor.close(0);
      life.journal.close();
      const next = await startOn(backend);
      expect([where, next.journal.problem]).toEqual([where, null]);
      await next.untilIdle();
      for (const name of ['0', backend.running.version])
        expect([where, existsSync(kernelFile(name))]).toEqual([where, true]);
      backend.generation = 2;
      await update(next, 2);
      const second = results.filter(({ key }) => key.endsWith('/2'));
      expect([where, second.map(({ outcome }) => outcome)]).toEqual([
        where,
        Array(7).fill('succeeded'),
      ]);
      expect([where, backend.acted]).toEqual([where, [...new Set(backend.acted)]]);
      const told = new Map<string, Set<string>>();
      for (const { key, outcome } of results)
        told.set(key, (told.get(key) ?? new Set()).add(outcome));
      for (const [key, all] of told) expect([where, key, all.size]).toEqual([where, key, 1]);
      expect(existsSync(kernelFile('2'))).toBe(true);
      await next.executor.close(0);
      next.journal.close();
    }
  }, 120_000);
});
