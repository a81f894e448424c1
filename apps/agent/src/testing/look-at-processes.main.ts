// Looks at every process of a lab machine and judges what it holds and what it was started with. Runs in the machine:
//
//   node look.cjs AGENT-PID SOCKET FIRST-LOOK [holding]
//
// Happy path: says `LOOK at N processes: ...` and ends with 0. FIRST-LOOK is a file that keeps what the first look at this
// machine saw; every later one, also in another kernel, must see the same.
// Unhappy paths: each fault is a line `LOOK FAULT ...`, and the exit code is 1. `holding`: the agent is in the middle of an
// update, or could not end one, so that it must hold sessions, and may hold what its workloads have.
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { findInstances } from '../workloads/process-table';
import {
  liveUpdateDescriptors,
  openDescriptors,
  sharedBetweenOwners,
  workloadFamilies,
  type OpenDescriptor,
} from './open-descriptors';
import { changesOf, processState, strangeVariables, type ProcessState } from './process-state';

const [pidText, socket = '', firstLook = '', holding] = process.argv.slice(2);
const agentPid = Number(pidText);
const faults: string[] = [];

/** Every process with a program, by owner; kernel threads have none. */
function owners(): Map<number, string> {
  const families = workloadFamilies(socket);
  const cgroups = new Map<string, string>();
  for (const [pid, workload] of families) cgroups.set(cgroupOf(pid), workload);
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const programs = pids.filter((pid) => pid !== process.pid && programOf(pid) !== '');
  return new Map(
    programs.map((pid) => {
      if (pid === agentPid) return [pid, 'agent'];
      const cgroup = cgroupOf(pid);
      const workload = families.get(pid) ?? cgroups.get(cgroup);
      if (workload === undefined && cgroup.includes('luofleet-workloads'))
        faults.push(`${inWords(pid)} is left of an instance that has ended`);
      return [pid, workload ?? 'init'];
    }),
  );
}

/** By owner: what the agent, and each process that it started, was started with. */
function states(): Record<string, ProcessState> {
  const instances = findInstances(socket);
  if (instances.length === 0) faults.push('no workload runs');
  return {
    agent: processState(agentPid),
    ...Object.fromEntries(
      instances.map(({ workload, process: { pid } }) => [workload, processState(pid)]),
    ),
  };
}

function judge(all: ReadonlyMap<number, string>): void {
  const open = openDescriptors(all);
  const isAgents = ({ owner }: OpenDescriptor) => owner === 'agent';
  const isHeld = (one: OpenDescriptor) => holding !== undefined && isAgents(one) && one.fd > 2;
  const ofOneHost = open.filter((one) => one.owner !== 'init' && !isHeld(one));
  // What init leaks stays open in the agent, and must get no further.
  const withoutAgent = open.filter((one) => !isAgents(one));
  faults.push(...new Set([ofOneHost, withoutAgent].flatMap(sharedBetweenOwners)));

  const ofLiveUpdate = liveUpdateDescriptors(all);
  for (const one of ofLiveUpdate) {
    if (isAgents(one) && holding !== undefined) continue;
    faults.push(`${inWords(one.pid)} (${one.owner}) has ${one.link} as ${one.fd}`);
  }
  if (holding !== undefined && !ofLiveUpdate.some(isAgents))
    faults.push('the agent holds no session');

  for (const one of [...open, ...ofLiveUpdate]) {
    if (isAgents(one) && one.fd > 2 && !one.closeOnExec)
      faults.push(`the agent's next child gets ${one.link} (${one.fd})`);
  }
  for (const [pid, owner] of all) {
    if (owner === 'agent' || owner === 'init') continue;
    for (const name of strangeVariables(pid)) faults.push(`${inWords(pid)} (${owner}) has ${name}`);
  }
}

function compare(now: Record<string, ProcessState>): void {
  if (!existsSync(firstLook)) writeFileSync(firstLook, JSON.stringify(now));
  const first = JSON.parse(readFileSync(firstLook, 'utf8')) as typeof now;
  for (const owner of Object.keys({ ...first, ...now })) {
    const changes = changesOf(first[owner] ?? {}, now[owner] ?? {});
    for (const change of changes) faults.push(`${owner}: ${change}`);
  }
}

function cgroupOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'latin1');
  } catch {
    return '';
  }
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

const inWords = (pid: number): string =>
  `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()}`;

const all = owners();
judge(all);
compare(states());
for (const fault of faults) console.log(`LOOK FAULT ${fault}`);
const counts = [...new Set(all.values())].map(
  (owner) => `${owner} ${[...all.values()].filter((one) => one === owner).length}`,
);
const held = liveUpdateDescriptors(all).map(({ owner, link }) => `; ${owner} has ${link}`);
console.log(`LOOK at ${all.size} processes: ${counts.join(', ')}${held.join('')}`);
if (faults.length > 0 || !counts.some((one) => one.startsWith('agent '))) process.exitCode = 1;
