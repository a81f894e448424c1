// The built agent as a real process with real workloads, for end to end specs.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'node:http';
import type { Command } from '@luofleet/proto';
import { findInstances } from '../workloads/process-table';

/** Node marks the first sixteen by itself. */
const LEAKED_FROM = 40;

const dist = path.resolve(__dirname, '../../../../dist/apps');
export const images = {
  current: path.join(dist, 'agent/agent.cjs'),
  next: path.join(dist, 'agent/images/agent-1.1.0.cjs'),
};

export const exampleWorkload = (name: string): string =>
  path.join(dist, `example-workloads/${name}.cjs`);

/** Port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const releaseOf = (image: string, version: string): Command['release'] => ({
  name: `runtime-${version}`,
  version,
  kind: 'runtime',
  imageUri: `file://${image}`,
  imageSha256: createHash('sha256').update(readFileSync(image)).digest('hex'),
  handlers: ['luofleet-memfd-v1', 'luofleet-file-v1', 'luofleet-tcp-listener-v1'],
  kernelCommandLine: '',
  initrdUri: '',
  initrdSha256: '',
  luoAbi: '',
  imageSizeBytes: BigInt(statSync(image).size),
  initrdSizeBytes: 0n,
});

export interface AgentOptions {
  controlPlanePort: number;
  hostName?: string;
  /** More settings: faults, limits. */
  settings?: Record<string, unknown>;
  kvEnv?: Record<string, string>;
  /** Instead of a directory of its own; the socket stays where it is. */
  stateDir?: string;
  /** A command in front of the agent's, which ends with an exec of what follows. */
  front?: string[];
  /** Workloads beside kv and echo. */
  moreWorkloads?: Array<{ name: string; command: string[]; env: Record<string, string> }>;
}

export class AgentProcess {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'luofleet-agent-'));
  readonly hostName: string;
  kvPort = 0;
  echoPort = 0;
  private child: ChildProcess | null = null;
  private exited: Promise<number | null> = Promise.resolve(null);
  /** How the process before this one ended. */
  endedBy: NodeJS.Signals | null = null;

  private constructor(private readonly options: AgentOptions) {
    this.hostName = options.hostName ?? 'host-1';
  }

  static async create(options: AgentOptions): Promise<AgentProcess> {
    const agent = new AgentProcess(options);
    agent.kvPort = await freePort();
    agent.echoPort = await freePort();
    agent.configure({});
    return agent;
  }

  /** Writes the configuration; it is read at the next cold start. */
  configure(settings: Record<string, unknown>): void {
    const program = (name: string) => ['node', exampleWorkload(name)];
    const kvEnv = { PORT: String(this.kvPort), ...this.options.kvEnv };
    const config = {
      hostName: this.hostName,
      controlPlane: `127.0.0.1:${this.options.controlPlanePort}`,
      stateDir: this.stateDir,
      socket: this.socket,
      // So high that thawing by itself can not hide a missing resume.
      frozenLimitMs: 600_000,
      workloads: [
        { name: 'kv', command: program('kv-store'), env: kvEnv },
        { name: 'echo', command: program('echo-server'), env: { PORT: String(this.echoPort) } },
        ...(this.options.moreWorkloads ?? []),
      ],
      ...this.options.settings,
      ...settings,
    };
    writeFileSync(this.configFile, JSON.stringify(config));
  }

  get configFile(): string {
    return path.join(this.directory, 'agent.json');
  }

  get stateDir(): string {
    return this.options.stateDir ?? path.join(this.directory, 'state');
  }

  get socket(): string {
    return path.join(this.directory, 'state', 'agent.sock');
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get log(): string {
    return readFileSync(path.join(this.directory, 'agent.log'), 'utf8');
  }

  /** `leaked`: descriptors that whoever starts the agent forgot to close; they are there from LEAKED_FROM on. */
  start(
    image = images.current,
    leaked: readonly number[] = [],
    env: Record<string, string> = {},
  ): this {
    const log = openSync(path.join(this.directory, 'agent.log'), 'a');
    const command = [process.execPath, image, 'run', '--config', this.configFile];
    const [program = '', ...args] = [...(this.options.front ?? []), ...command];
    const gap = Array<'ignore'>(LEAKED_FROM - 3).fill('ignore');
    const child = spawn(program, args, {
      stdio: ['ignore', log, log, ...gap, ...leaked],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.child = child;
    this.exited = new Promise((resolve) =>
      child.once('exit', (code, signal) => {
        this.endedBy = signal;
        resolve(code);
      }),
    );
    return this;
  }

  /** Resolves with the exit code when the process is gone; null after a signal. */
  untilExit(): Promise<number | null> {
    return this.exited;
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  async terminate(): Promise<void> {
    this.child?.kill('SIGTERM');
    await this.exited;
  }

  /** Ends the agent and whatever workload process is left of it. */
  async destroy(): Promise<void> {
    await this.terminate();
    for (const { process: left } of this.workloadProcesses()) process.kill(left.pid, 'SIGKILL');
    if (!process.env.KEEP_AGENT_DIRECTORIES)
      rmSync(this.directory, { recursive: true, force: true });
  }

  workloadProcesses() {
    return findInstances(this.socket);
  }

  get workloadNames(): string[] {
    return ['echo', 'kv', ...(this.options.moreWorkloads ?? []).map(({ name }) => name)].sort();
  }

  /** GET on the workload socket. */
  status(what = '/v1/status'): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.socket, path: what, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve(JSON.parse(text) as Record<string, unknown>));
      })
        .once('error', reject)
        .end();
    });
  }

  async kv(method: string, key: string, value?: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.kvPort}/${key}`, {
      method,
      body: value,
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok)
      throw new Error(`${method} ${key}: ${response.status} ${await response.text()}`);
    return (await response.text()).trim();
  }
}
