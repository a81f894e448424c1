// What a machine of the blackout benchmark sees as /app: the built agent, the probe, the workload and the kernel.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab, LabTools } from './lab-tools';

const guestSources = path.resolve('tools/bench/blackout/guest');

export interface AppRequest {
  lab: Lab;
  compileNative: LabTools['compileNative'];
  /** Directory of the agent's build. */
  agentDirectory: string;
  name: string;
  /** Of the control plane, on the host. */
  port: number;
  /** Of every kernel; who goes next is added. */
  commandLine: string;
}

/** Makes the directory and returns its path. */
export function makeApp(request: AppRequest): string {
  const { lab, compileNative, agentDirectory, name, port, commandLine } = request;
  const directory = path.join(lab.directory, name);
  mkdirSync(directory);
  const put = (from: string, as: string) => copyFileSync(from, path.join(directory, as));
  for (const file of ['agent.cjs', 'koffi.node', 'arrive']) {
    const built = path.join(agentDirectory, file);
    // Another build may be older than the program in front.
    if (file !== 'arrive' || existsSync(built)) put(built, file);
  }
  put(path.join(guestSources, 'holder.cjs'), 'holder.cjs');
  put(path.join(guestSources, 'start.sh'), 'start');
  put(lab.kernels.a.path, 'kernel');
  const probe = path.join(directory, 'probe');
  const problem = compileNative(path.join(guestSources, 'probe.c'), probe);
  if (problem !== null) throw new Error(`probe.c: ${problem}`);
  writeFileSync(path.join(directory, 'probe-line'), `${commandLine} bench.side=probe`);
  const command = ['/app/probe', 'hold', '/bin/node', '/app/holder.cjs'];
  const agent = {
    hostName: 'blackout',
    controlPlane: `10.0.2.2:${port}`,
    backend: 'kernel',
    stateDir: '/run/luofleet',
    startTimeoutMs: 120_000,
    workloads: [{ name: 'holder', command }],
  };
  writeFileSync(path.join(directory, 'agent.json'), JSON.stringify(agent));
  return directory;
}
