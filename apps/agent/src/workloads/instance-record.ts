// Which processes are workloads of this agent, for the agent that starts after this one was killed.
//
// Happy path: every process is written down as soon as it is started; the next agent finds it by pid and start time, whatever
// it has made of its environment since.
// Unhappy paths: a disk that takes no record is told and stops nothing; whoever was started after that, or right before a
// kill, is found by its environment. What is no record, or one of another boot, counts as empty.
// Ordering: not flushed. No process outlives its host, and a write that waits for the disk would lengthen a blackout.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import { findInstances, isRunning, type FoundInstance } from './process-table';

export class InstanceRecord {
  private readonly file: string;
  private readonly bootId: string;
  private instances: FoundInstance[];

  constructor(stateDir: string) {
    this.file = path.join(stateDir, 'instances.json');
    this.bootId = readBootId();
    this.instances = this.read();
  }

  add(found: FoundInstance, log: Pick<Log, 'error'>): void {
    if (this.instances.some(({ instance }) => instance === found.instance)) return;
    this.instances = [...this.instances.filter(({ process }) => isRunning(process)), found];
    try {
      const { bootId, instances } = this;
      writeFileSync(`${this.file}.next`, JSON.stringify({ bootId, instances }), { mode: 0o600 });
      renameSync(`${this.file}.next`, this.file);
    } catch (error) {
      log.error('a process is not written down', { file: this.file, error: describeError(error) });
    }
  }

  /** Recorded, and gone by now: what they have started may live on. */
  gone(): FoundInstance[] {
    return this.instances.filter(({ process }) => !isRunning(process));
  }

  /** Workload processes of the agent with this state directory and socket that run, oldest first. */
  survivors(socket: string): FoundInstance[] {
    const recorded = this.instances.filter(({ process }) => isRunning(process));
    const known = new Set(recorded.map(({ instance }) => instance));
    const others = findInstances(socket).filter(({ instance }) => !known.has(instance));
    return [...recorded, ...others].sort((a, b) => ageOrder(a) - ageOrder(b));
  }

  private read(): FoundInstance[] {
    try {
      const { bootId, instances } = JSON.parse(readFileSync(this.file, 'utf8')) as {
        bootId?: unknown;
        instances?: unknown;
      };
      return bootId !== '' && bootId === this.bootId && Array.isArray(instances)
        ? instances.filter(isFound)
        : [];
    } catch {
      return [];
    }
  }
}

/** Empty where the kernel does not say: then nothing that was recorded counts. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

const ageOrder = ({ process }: FoundInstance): number => Number(process.startTicks);

function isFound(value: unknown): value is FoundInstance {
  const { workload, instance, incarnationId, process } = (value ?? {}) as Partial<FoundInstance>;
  const texts = [workload, instance, incarnationId, process?.startTicks];
  return texts.every((one) => typeof one === 'string') && Number.isInteger(process?.pid);
}
