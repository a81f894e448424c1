// The hosts of `npm start`: real agents, each with a key-value store and an echo server, and simulated ones.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePorts } from './free-port.mjs';
import { workspace } from './workspace.mjs';

const AGENT = path.join(workspace, 'dist/apps/agent/agent.cjs');
const ZONES = ['a', 'b'];
const WORKLOADS_PER_HOST = 2;

const workload = (name, program, port) => ({
  name,
  command: [process.execPath, path.join(workspace, `dist/apps/example-workloads/${program}.cjs`)],
  env: { PORT: String(port) },
});

/** Starts `count` agents. Each has its own state directory and configuration file in the run's folder. */
export async function startAgents(supervisor, { count, grpcAddress, suffix, runLabel }) {
  const ports = await findFreePorts(count * WORKLOADS_PER_HOST);
  const hosts = Array.from({ length: count }, (_, index) => {
    const hostName = `host-${index + 1}${suffix}`;
    const directory = path.join(supervisor.run.directory, 'hosts', hostName);
    mkdirSync(directory, { recursive: true });
    const [kvPort, echoPort] = ports.slice(index * WORKLOADS_PER_HOST);
    const zone = ZONES[index % ZONES.length];
    const configuration = {
      hostName,
      controlPlane: grpcAddress,
      backend: 'engine',
      stateDir: directory,
      socket: path.join(directory, 'agent.sock'),
      labels: { zone, run: runLabel },
      failureDomain: `rack-${zone}`,
      workloads: [workload('kv', 'kv-store', kvPort), workload('echo', 'echo-server', echoPort)],
    };
    const file = path.join(directory, 'agent.json');
    writeFileSync(file, `${JSON.stringify(configuration, null, 2)}\n`);
    return { hostName, file, kvPort, echoPort, zone };
  });
  await Promise.all(
    hosts.map(({ hostName, file }) =>
      supervisor.start({
        name: hostName,
        command: process.execPath,
        args: [AGENT, 'run', '--config', file],
      }),
    ),
  );
  return hosts;
}

/** Starts one process that is `count` hosts. */
/** Whether a process of this name is one that agents run in. */
export const isOfAgents = (name) => name.startsWith('host-') || name === 'simulated-hosts';

export async function startSimulatedHosts(supervisor, { count, grpcAddress, prefix, runLabel }) {
  if (count === 0) return;
  const args = [
    AGENT,
    'simulate',
    '--hosts',
    String(count),
    '--control-plane',
    grpcAddress,
    '--prefix',
    prefix,
    '--label',
    `run=${runLabel}`,
  ];
  await supervisor.start({
    name: 'simulated-hosts',
    command: process.execPath,
    args,
    ready: (line) => line.startsWith('{"ready":true'),
  });
}
