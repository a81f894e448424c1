/**
 * A whole Luofleet for one test: its own database, its own Redis prefix, control plane processes, agents with real
 * workloads.
 *
 * Happy path: Fleet.start -> applyRollout -> waitForRollout -> stop.
 * Unhappy paths: any part can be killed and started again under the same ports and state directories; stop ends
 * whatever still runs, agents first, so that they take their workloads with them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createTestDatabase, until } from '@luofleet/testkit';

import { freePort } from './free-port';
import { KvClient } from './kv.client';
import { ManagedProcess } from './managed.process';
import { RestClient, type RestAnswer } from './rest.client';

const workspace = path.resolve(__dirname, '../../../..');
export const images = {
  current: path.join(workspace, 'dist/apps/agent/agent.cjs'),
  next: path.join(workspace, 'dist/apps/agent/images/agent-1.1.0.cjs'),
};

export interface FleetOptions {
  readonly hosts: number;
  /** More configuration of agent number `index` (faults, labels), merged into what the harness writes. */
  readonly agentConfig?: (index: number) => Record<string, unknown>;
  readonly controlPlaneEnv?: Readonly<Record<string, string>>;
}

export interface FleetHost {
  readonly name: string;
  readonly kvPort: number;
  readonly echoPort: number;
  readonly kv: KvClient;
  readonly configFile: string;
  readonly stateDir: string;
  agent: ManagedProcess;
}

export class Fleet {
  readonly hosts: FleetHost[] = [];
  rest!: RestClient;
  controlPlane!: ManagedProcess;
  private stopping = false;

  private constructor(
    private readonly options: FleetOptions,
    readonly directory: string,
    private readonly database: { url: string; drop: () => Promise<void> },
    readonly redisPrefix: string,
    private readonly ports: { readonly http: number; readonly grpc: number },
  ) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-e2e-'));
    const fleet = new Fleet(
      options,
      directory,
      await createTestDatabase(),
      `e2e-${path.basename(directory)}`,
      { http: await freePort(), grpc: await freePort() },
    );
    try {
      await fleet.startControlPlane();
      for (let index = 0; index < options.hosts; index += 1) await fleet.addHost(index);
      await fleet.waitForHostsOnline();
      await fleet.registerRelease('runtime-1.1.0', '1.1.0', images.next);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  async startControlPlane(): Promise<void> {
    this.controlPlane = ManagedProcess.start({
      name: 'control-plane',
      command: [
        process.execPath,
        path.join(workspace, 'dist/apps/control-plane/main.cjs'),
        '--role',
        'all',
      ],
      env: {
        DATABASE_URL: this.database.url,
        REDIS_URL: process.env.REDIS_URL ?? '',
        REDIS_PREFIX: this.redisPrefix,
        HTTP_PORT: String(this.ports.http),
        GRPC_PORT: String(this.ports.grpc),
        DASHBOARD_DIR: path.join(workspace, 'dist/apps/dashboard'),
        HEARTBEAT_INTERVAL_MS: '500',
        OFFLINE_AFTER_MS: '3000',
        SWEEP_INTERVAL_MS: '250',
        ...this.options.controlPlaneEnv,
      },
      logFile: path.join(this.directory, 'control-plane.log'),
    });
    await this.controlPlane.line((line) => (line.includes('"ready":true') ? true : undefined));
    this.rest = new RestClient(`http://127.0.0.1:${this.ports.http}`);
  }

  get baseUrl(): string {
    return this.rest.baseUrl;
  }

  startAgent(host: Pick<FleetHost, 'name' | 'configFile'>): ManagedProcess {
    return ManagedProcess.start({
      name: `agent ${host.name}`,
      command: [process.execPath, images.current, 'run', '--config', host.configFile],
      logFile: path.join(this.directory, `${host.name}.log`),
    });
  }

  /** Starts every agent that was killed again, as a supervisor would, until the fleet stops. */
  superviseAgents(): void {
    for (const host of this.hosts) void this.supervise(host);
  }

  async registerRelease(name: string, version: string, image: string): Promise<void> {
    await this.rest.post('/releases', {
      name,
      kind: 'runtime',
      version,
      imageUri: `file://${image}`,
      imageSha256: createHash('sha256').update(readFileSync(image)).digest('hex'),
      handlers: (await this.rest.all('/hosts'))[0].handlers,
    });
  }

  /** Applies a rollout over every host; `strategy` overrides defaults that suit a test. */
  async applyRollout(
    strategy: Record<string, unknown> = {},
    spec: Record<string, unknown> = {},
    name = 'update',
  ): Promise<string> {
    const rollout = await this.rest.post('/rollouts', {
      apiVersion: 'luofleet.dev/v1',
      kind: 'Rollout',
      metadata: { name },
      spec: {
        release: 'runtime-1.1.0',
        selector: '',
        strategy: {
          waves: [1],
          maxConcurrent: 4,
          maxFailures: 0,
          finishRetry: '300ms',
          ...strategy,
        },
        ...spec,
      },
    });
    return rollout.id;
  }

  async waitForRollout(
    id: string,
    states: readonly string[],
    timeoutMs = 60_000,
  ): Promise<RestAnswer['body']> {
    let seen = '';
    try {
      return await until(
        `rollout to be ${states.join(' or ')}`,
        async () => {
          const rollout = await this.rest.get(`/rollouts/${id}`);
          seen = JSON.stringify(rollout);
          return states.includes(rollout.state) ? rollout : undefined;
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`last seen: ${seen}\n${this.controlPlane.logTail()}`, { cause: error });
    }
  }

  async updatesByHost(rolloutId: string): Promise<Map<string, RestAnswer['body']>> {
    const updates = await this.rest.all(`/rollouts/${rolloutId}/updates`);
    return new Map(updates.map((update) => [update.hostName as string, update]));
  }

  async waitForHostsOnline(): Promise<void> {
    await until(`${this.hosts.length} hosts online with serving workloads`, async () => {
      const hosts = await this.rest.all('/hosts');
      const online = hosts.filter((host) => host.state === 'online');
      if (online.length !== this.hosts.length) return undefined;
      await Promise.all(this.hosts.map((host) => host.kv.hash()));
      return true;
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.hosts.map((host) => host.agent.stop()));
    // A fleet that failed to start may have no control plane.
    if (this.controlPlane as ManagedProcess | undefined) await this.controlPlane.stop();
    await this.database.drop();
    if (!process.env.KEEP_E2E_DIRECTORIES) rmSync(this.directory, { recursive: true, force: true });
  }

  private async supervise(host: FleetHost): Promise<void> {
    for (;;) {
      const { signal } = await host.agent.ended;
      if (this.stopping || signal !== 'SIGKILL') return;
      host.agent = this.startAgent(host);
    }
  }

  private async addHost(index: number): Promise<void> {
    const name = `host-${index + 1}`;
    const stateDir = path.join(this.directory, name);
    mkdirSync(stateDir);
    const [kvPort, echoPort] = [await freePort(), await freePort()];
    const program = (file: string): string[] => [
      process.execPath,
      path.join(workspace, `dist/apps/example-workloads/${file}.cjs`),
    ];
    const configFile = path.join(this.directory, `${name}.json`);
    const config = {
      hostName: name,
      controlPlane: `127.0.0.1:${this.ports.grpc}`,
      backend: 'engine',
      stateDir,
      failureDomain: `rack-${(index % 2) + 1}`,
      labels: { index: String(index) },
      workloads: [
        { name: 'kv', command: program('kv-store'), env: { PORT: String(kvPort) } },
        { name: 'echo', command: program('echo-server'), env: { PORT: String(echoPort) } },
      ],
      ...this.options.agentConfig?.(index),
    };
    writeFileSync(configFile, JSON.stringify(config, null, 2));
    const host = { name, kvPort, echoPort, kv: new KvClient(kvPort), configFile, stateDir };
    this.hosts.push({ ...host, agent: this.startAgent(host) });
  }
}
