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
  /** Control planes over the same record, by role; one by default. The first is what `rest` asks. */
  readonly replicas?: readonly ('api' | 'all')[];
  /**
   * More configuration of agent number `index` (faults, labels), merged into what the harness writes. `addresses`: of
   * every replica; by default an agent has all of them, in this order.
   */
  readonly agentConfig?: (index: number, addresses: readonly string[]) => Record<string, unknown>;
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

interface Place {
  readonly role: string;
  readonly http: number;
  readonly grpc: number;
}

export interface Replica {
  readonly process: ManagedProcess;
  readonly id: string;
  readonly rest: RestClient;
}

export class Fleet {
  readonly hosts: FleetHost[] = [];
  readonly replicas: Replica[] = [];
  private stopping = false;

  private constructor(
    private readonly options: FleetOptions,
    readonly directory: string,
    private readonly database: { url: string; drop: () => Promise<void> },
    readonly redisPrefix: string,
    private readonly places: readonly Place[],
  ) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-e2e-'));
    const places: Place[] = [];
    const replicas = options.replicas ?? ['all'];
    for (const role of replicas)
      places.push({ role, http: await freePort(), grpc: await freePort() });
    const fleet = new Fleet(
      options,
      directory,
      await createTestDatabase(),
      `e2e-${path.basename(directory)}`,
      places,
    );
    try {
      for (const index of places.keys()) await fleet.startControlPlane(index);
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

  get controlPlane(): ManagedProcess {
    return this.replica(0).process;
  }

  get rest(): RestClient {
    return this.replica(0).rest;
  }

  replica(index: number): Replica {
    const replica = this.replicas[index];
    if (!replica) throw new Error(`replica ${index} was not started`);
    return replica;
  }

  async startControlPlane(index = 0): Promise<void> {
    const place = this.places[index];
    if (!place) throw new Error(`there is no replica ${index}`);
    const { role, http, grpc } = place;
    const controlPlane = ManagedProcess.start({
      name: `control-plane ${index + 1}`,
      command: [
        process.execPath,
        path.join(workspace, 'dist/apps/control-plane/main.cjs'),
        '--role',
        role,
      ],
      env: {
        DATABASE_URL: this.database.url,
        REDIS_URL: process.env.REDIS_URL ?? '',
        REDIS_PREFIX: this.redisPrefix,
        HTTP_PORT: String(http),
        GRPC_PORT: String(grpc),
        DASHBOARD_DIR: path.join(workspace, 'dist/apps/dashboard'),
        HEARTBEAT_INTERVAL_MS: '500',
        OFFLINE_AFTER_MS: '3000',
        SWEEP_INTERVAL_MS: '250',
        ...this.options.controlPlaneEnv,
      },
      logFile: path.join(this.directory, `control-plane-${index + 1}.log`),
    });
    const rest = new RestClient(`http://127.0.0.1:${http}`);
    this.replicas[index] = { process: controlPlane, id: '', rest };
    const id = await controlPlane.line((line) =>
      line.includes('"ready":true')
        ? (JSON.parse(line) as { replicaId: string }).replicaId
        : undefined,
    );
    this.replicas[index] = { process: controlPlane, id, rest };
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
    await Promise.all(this.replicas.map(({ process: one }) => one.stop()));
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
    const addresses = this.places.map(({ grpc }) => `127.0.0.1:${grpc}`);
    const config = {
      hostName: name,
      controlPlane: addresses,
      backend: 'engine',
      stateDir,
      failureDomain: `rack-${(index % 2) + 1}`,
      labels: { index: String(index) },
      workloads: [
        { name: 'kv', command: program('kv-store'), env: { PORT: String(kvPort) } },
        { name: 'echo', command: program('echo-server'), env: { PORT: String(echoPort) } },
      ],
      ...this.options.agentConfig?.(index, addresses),
    };
    writeFileSync(configFile, JSON.stringify(config, null, 2));
    const host = { name, kvPort, echoPort, kv: new KvClient(kvPort), configFile, stateDir };
    this.hosts.push({ ...host, agent: this.startAgent(host) });
  }
}
