// A fleet for tests: control plane with its Postgres and Redis on this machine, lab machines that run the agent and the
// key-value store. The machines have no disk: what they know after a kexec was handed over.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from '../bootstrap/build.mjs';
import { startControlPlane } from '../bootstrap/control-plane.mjs';
import { findFreePort } from '../bootstrap/free-port.mjs';
import { restClient } from '../bootstrap/rest-client.mjs';
import { createRunDirectory } from '../bootstrap/run-directory.mjs';
import { provideServices } from '../bootstrap/services.mjs';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { Supervisor } from '../bootstrap/supervisor.mjs';
import { workspace } from '../bootstrap/workspace.mjs';
import { makeNodeApp } from './bundle.mjs';
import { kernelCommandLine } from './machine.mjs';
import { wordsOf } from '../bootstrap/thrown.mjs';

const KV_PORT = 7001;
const POLL_MS = 200;
const DEADLINE_MS = 180_000;
/** Emulated machines are slow: the default times are for real ones. */
const phaseTimeouts = { freeze: '120s', reboot: '180s', retrieve: '180s' };
const programs = [
  'agent/agent.cjs',
  'agent/koffi.node',
  'example-workloads/kv-store.cjs',
  'example-workloads/echo-server.cjs',
];
/** Run in a machine: fleet-checks.mjs. */
const LOOK = 'apps/agent/src/testing/look-at-processes.main.ts';
const guest = path.join(import.meta.dirname, 'guest');

/** Starts the control plane; `close()` ends what was started. `cpus`: of each machine. */
export async function openFleet(lab, note = () => {}, { cpus } = {}) {
  await build();
  await makeNodeApp(path.join(lab.directory, 'look'), LOOK);
  const supervisor = new Supervisor(createRunDirectory('kernel'));
  try {
    const services = await provideServices(supervisor, { note });
    const redisPrefix = `luofleet-${supervisor.run.runId}`;
    const { baseUrl, grpcAddress } = await startControlPlane(
      supervisor,
      { ...services, redisPrefix },
      note,
    );
    return new Fleet(lab, supervisor, restClient(baseUrl), grpcAddress, cpus);
  } catch (error) {
    await supervisor.stopAll();
    throw error;
  }
}

class Fleet {
  #lab;
  #supervisor;
  #grpcPort;
  #cpus;
  #applications = 0;

  constructor(lab, supervisor, rest, grpcAddress, cpus) {
    this.#lab = lab;
    this.#supervisor = supervisor;
    this.rest = rest;
    this.#cpus = cpus;
    this.#grpcPort = grpcAddress.split(':').at(-1);
  }

  close() {
    return this.#supervisor.stopAll();
  }

  /**
   * A machine with an agent; `settings` are laid over the agent's, `files` (by name) are put beside it, and of these
   * `prepare` is run in every kernel before the agent. The program `arrive` stands in front of the agent unless it is
   * `alone`. Resolves once its workloads serve.
   */
  async boot(name, { kernel = 'a', settings = {}, files = {}, alone = false } = {}) {
    const appDirectory = path.join(this.#lab.directory, `app-${name}`);
    mkdirSync(appDirectory);
    for (const program of alone ? programs : [...programs, 'agent/arrive']) {
      const target = path.join(appDirectory, path.basename(program));
      copyFileSync(path.join(workspace, 'dist/apps', program), target);
    }
    copyFileSync(path.join(guest, 'start-agent.sh'), path.join(appDirectory, 'start'));
    copyFileSync(
      path.join(this.#lab.directory, 'look/main.cjs'),
      path.join(appDirectory, 'look.cjs'),
    );
    for (const [file, source] of Object.entries(files)) {
      copyFileSync(source, path.join(appDirectory, file));
    }
    for (const [variant, { path: image }] of Object.entries(this.#lab.kernels)) {
      copyFileSync(image, path.join(appDirectory, `kernel-${variant}`));
    }
    const agent = {
      hostName: name,
      controlPlane: `10.0.2.2:${this.#grpcPort}`,
      backend: 'kernel',
      stateDir: '/run/luofleet',
      // Emulated machines on a busy one are slow.
      startTimeoutMs: 60_000,
      workloads: [
        {
          name: 'kv',
          command: ['node', '/app/kv-store.cjs'],
          env: { PORT: String(KV_PORT), HOST: '0.0.0.0' },
        },
      ],
      ...settings,
    };
    writeFileSync(path.join(appDirectory, 'agent.json'), JSON.stringify(agent));
    const port = await findFreePort();
    const forward = { [port]: KV_PORT };
    const machine = this.#lab.boot({ name, kernel, appDirectory, forward, cpus: this.#cpus });
    const socket = agent.socket ?? path.join(agent.stateDir, 'agent.sock');
    const host = new FleetHost(this, { name, socket }, machine, `http://127.0.0.1:${port}`);
    try {
      await host.untilServing();
    } catch (error) {
      await machine.stop(); // it would keep a processor from the others
      throw error;
    }
    return host;
  }

  /** Registers kernel `variant` as a release; `fields` are laid over it. */
  release(name, variant, fields = {}) {
    const { release, sha256 } = this.#lab.kernels[variant];
    return this.rest.post('/releases', {
      name,
      kind: 'kernel',
      version: release,
      imageUri: `file:///app/kernel-${variant}`,
      imageSha256: sha256,
      handlers: ['memfd-v2'],
      kernelCommandLine: kernelCommandLine(),
      luoAbi: 'luo-v5',
      ...fields,
    });
  }

  /** Rolls `release` out to the hosts of `selector`, and resolves with the host updates once they have all ended. */
  async rollOut(release, selector, strategy = {}) {
    return this.untilEnded(await this.startRollout(release, selector, strategy));
  }

  /** Applies the rollout and resolves with its id. */
  async startRollout(release, selector, strategy = {}) {
    this.#applications += 1;
    const { id } = await this.rest.post('/rollouts', {
      apiVersion: 'luofleet.dev/v1',
      kind: 'Rollout',
      metadata: { name: `rollout-${this.#applications}` },
      spec: {
        ...{ release, selector },
        strategy: {
          force: true,
          ...strategy,
          phaseTimeouts: { ...phaseTimeouts, ...strategy.phaseTimeouts },
        },
      },
    });
    return id;
  }

  /** Resolves with how the rollout ended, and its host updates. */
  async untilEnded(id) {
    let seen;
    const ended = async () => {
      seen = await this.rest.get(`/rollouts/${id}`);
      return ['succeeded', 'failed', 'aborted', 'paused'].includes(seen.state) && seen.state;
    };
    const state = await this.until(() => `the end of ${JSON.stringify(seen)}`, ended);
    const { items } = await this.rest.get(`/rollouts/${id}/updates`);
    return { state, id, updates: items };
  }

  /** Asks until there is an answer other than undefined or false. `what` may be a function, asked only at the limit. */
  async until(what, ask, limitMs = DEADLINE_MS) {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      if (Date.now() > deadline) {
        const words = typeof what === 'function' ? what() : what;
        throw new SetupError(`Not within ${limitMs / 1000} s: ${words}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** A machine as the control plane and its clients see it. */
class FleetHost {
  #fleet;
  #url;

  constructor(fleet, { name, socket }, machine, url) {
    this.name = name;
    /** Of its workloads. */
    this.socket = socket;
    this.machine = machine;
    this.#fleet = fleet;
    this.#url = url;
  }

  /** The host's record, once it is online and all its workloads serve. */
  async untilServing() {
    let off = false;
    let last;
    void this.machine.ended.then(() => (off = true));
    const serving = async () => {
      if (off) throw new SetupError(`${this.name} went off:\n${this.machine.tail}${this.log}`);
      const host = await this.record().catch(() => undefined);
      last = host;
      const well = host?.state === 'online' && host.workloads.length > 0;
      return well && host.workloads.every(({ state }) => state === 'serving') && host;
    };
    return this.#fleet.until(`${this.name} serves`, serving).catch((cause) => {
      throw new SetupError(`${wordsOf(cause)}\n${JSON.stringify(last)}\n${this.log}`, { cause });
    });
  }

  record() {
    return this.#fleet.rest.get(`/hosts/${this.name}`);
  }

  async sessions() {
    return (await this.#fleet.rest.get(`/hosts/${this.name}/sessions`)).items;
  }

  /** What the agent logged, over all kernels. */
  get log() {
    try {
      return readFileSync(path.join(this.machine.outDirectory, 'agent.log'), 'utf8');
    } catch {
      return '';
    }
  }

  /** A request to the machine's key-value store. */
  async kv(method, key, body) {
    const headers = { connection: 'close' };
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(`${this.#url}/${key}`, { method, body, headers, signal });
    if (!response.ok) throw new SetupError(`${method} ${key} on ${this.name}: ${response.status}`);
    return (await response.text()).trim();
  }
}
