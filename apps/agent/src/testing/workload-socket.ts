// A workload socket with one workload, "kv", whose process is this one.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '../log';
import { WorkloadApi, type WorkloadApiOptions } from '../workloads/workload-api';
import { WorkloadInstance } from '../workloads/workload-instance';

export interface Answered {
  readonly status: number;
  readonly text: string;
}

export class WorkloadSocket {
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'workload-api-'));
  readonly path = path.join(this.directory, 'agent.sock');
  readonly holds = new Map<string, string | null>();
  readonly instance = new WorkloadInstance('kv', 'instance-1', {
    pid: process.pid,
    startTicks: '0',
  });
  private readonly api: WorkloadApi;

  constructor() {
    const { instance, holds } = this;
    const supervisor = {
      names: ['kv'],
      current: new Map([['kv', instance]]),
      health: () => [{ name: 'kv', state: 'serving', detail: instance.detail, pid: process.pid }],
      instanceOf: (workload: string, fits: (one: WorkloadInstance) => boolean) =>
        workload === 'kv' && fits(instance) ? instance : undefined,
    } as unknown as WorkloadApiOptions['supervisor'];
    this.api = new WorkloadApi({
      ...{ socket: this.path, supervisor, log: silentLog },
      status: () => ({ detail: instance.detail }),
      isPreserved: () => false,
      setFinishHold: (workload, reason) => holds.set(workload, reason),
      finishHold: (workload) => holds.get(workload) ?? undefined,
    });
  }

  open(): Promise<void> {
    return this.api.open();
  }

  register(): Promise<Answered> {
    return this.ask('POST', '/v1/workloads/kv/register', { pid: process.pid });
  }

  close(): void {
    this.api.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  ask(method: string, url: string, body?: unknown): Promise<Answered> {
    return askSocket(this.path, method, url, body);
  }
}

/** One request over a workload socket, with a connection of its own. */
export function askSocket(
  socketPath: string,
  method: string,
  url: string,
  body?: unknown,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path: url, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body));
  });
}
