// Thousands of hosts in one process: real engine, real executor, real streams; journal and reboot in memory.
//
// Happy path: N hosts with deterministic names start over --stagger-ms, each with its own stream over a few shared TCP
// connections, and do what the control plane asks.
// Unhappy paths: as for any agent; what a host knows ends with this process, so a restarted simulation is N hosts that
// came back cold.
// Prints {"ready":true,"hosts":N} on stdout once every host has dialled. SIGTERM ends all streams.
import { createHash, randomUUID } from 'node:crypto';
import { hostNameSchema } from '@luofleet/contracts/text';
import { readOptions } from '@luofleet/platform/command-line';
import { plainTextFault } from '@luofleet/platform/text';
import { labelFault } from '@luofleet/rollout';
import { agentVersion } from '../agent-version';
import { MemoryBackend } from '../backend/memory/memory.backend';
import { PhaseExecutor } from '../commands/phase-executor';
import { Faults } from '../faults/faults';
import { MemoryJournal } from '../journal/journal';
import { clientFor, ControlPlaneLink } from '../link/control-plane-link';
import { createLog, silentLog } from '../log';
import { linkHostOf } from '../run/open-link';

const USAGE = `usage: agent simulate --hosts N --control-plane ADDRESS[,ADDRESS]
  --prefix NAME               names are NAME-1 … NAME-N                       (sim)
  --version VERSION           what the hosts run at first                     (this agent's)
  --sessions-per-host N       sessions, each of one workload                  (2)
  --files-per-session N       files in each session                           (4)
  --phase-duration-ms MS      how long a phase takes, give or take a fifth    (50)
  --freeze-failures PERCENT   hosts whose first freeze fails with ENOMEM      (0)
  --label NAME=VALUE          a label of every host; may be given again
  --failure-domains N         hosts are spread over rack-1 … rack-N           (8)
  --connections N             TCP connections that all streams share          (one per 250 hosts)
  --stagger-ms MS             time over which the hosts start                 (1 per host)
`;

export const options = {
  hosts: { type: 'string' },
  'control-plane': { type: 'string' },
  prefix: { type: 'string', default: 'sim' },
  version: { type: 'string', default: agentVersion },
  'sessions-per-host': { type: 'string', default: '2' },
  'files-per-session': { type: 'string', default: '4' },
  'phase-duration-ms': { type: 'string', default: '50' },
  'freeze-failures': { type: 'string', default: '0' },
  'failure-domains': { type: 'string', default: '8' },
  label: { type: 'string', multiple: true, default: [] as string[] },
  connections: { type: 'string' },
  'stagger-ms': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** HTTP/2 streams that share one TCP connection; more would make one slow reader hold up many hosts. */
const HOSTS_PER_CONNECTION = 250;

/** Wrong use of `simulate`. */
export class SimulateUsageError extends Error {
  readonly code = 'SETTINGS_INVALID';
}

export async function simulate(args: string[]): Promise<void> {
  const { values } = readOptions({ args, options });
  if (values.help) return void process.stdout.write(USAGE);
  const addresses = values['control-plane']?.split(',') ?? [];
  if (values.hosts === undefined || addresses.length === 0) {
    throw new SimulateUsageError(
      'simulate needs --hosts and --control-plane; simulate --help lists all options',
    );
  }
  const hosts = whole('hosts', values.hosts);
  for (const name of ['control-plane', 'version', 'prefix'] as const)
    assertPlain(name, values[name] ?? '');
  if (!hostNameSchema.safeParse(`${values.prefix}-${hosts}`).success)
    throw new SimulateUsageError('--prefix must begin a host name: letters, digits, ".", "_", "-"');
  const connections = whole(
    'connections',
    values.connections ?? String(Math.ceil(hosts / HOSTS_PER_CONNECTION)),
  );
  const staggerMs = whole('stagger-ms', values['stagger-ms'] ?? String(hosts));
  const shape: HostShape = {
    version: values.version,
    sessionsPerHost: whole('sessions-per-host', values['sessions-per-host']),
    filesPerSession: whole('files-per-session', values['files-per-session']),
    phaseDurationMs: whole('phase-duration-ms', values['phase-duration-ms']),
    failureDomains: Math.max(1, whole('failure-domains', values['failure-domains'])),
    freezeFailures: whole('freeze-failures', values['freeze-failures']),
    labels: labelsOf(values.label),
  };
  const clients = Array.from({ length: Math.max(1, connections) }, () =>
    addresses.map((address) => clientFor(address, true)),
  );
  const links: ControlPlaneLink[] = [];
  const dialling = Array.from({ length: hosts }, (_none, index) => {
    const shared = clients[index % clients.length] ?? [];
    return new Promise<void>((resolve) =>
      setTimeout(
        () =>
          void startHost(`${values.prefix}-${index + 1}`, index, shape, shared).then((link) => {
            links.push(link);
            resolve();
          }),
        (staggerMs * index) / hosts,
      ),
    );
  });
  const stop = () => {
    for (const link of links) link.close();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await Promise.all(dialling);
  process.stdout.write(`${JSON.stringify({ ready: true, hosts })}\n`);
}

interface HostShape {
  version: string;
  sessionsPerHost: number;
  filesPerSession: number;
  phaseDurationMs: number;
  failureDomains: number;
  /** Percent of the hosts. */
  freezeFailures: number;
  labels: Record<string, string>;
}

async function startHost(
  hostName: string,
  index: number,
  shape: HostShape,
  clients: ReturnType<typeof clientFor>[],
): Promise<ControlPlaneLink> {
  // Spread evenly and the same in every run: host k fails when the running total of percents passes a whole number.
  const share = shape.freezeFailures / 100;
  const failsFreeze = Math.floor((index + 1) * share) > Math.floor(index * share);
  const backend = new MemoryBackend({ hostName, failsFreeze, ...shape });
  const journal = new MemoryJournal();
  const incarnationId = randomUUID();
  let link: ControlPlaneLink | null = null;
  const executor = new PhaseExecutor({
    ...{ journal, backend, incarnationId, log: silentLog, faults: new Faults() },
    frozenLimitMs: 30_000,
    onAccepted: (key) => link?.accepted(key),
    onResult: (result) => link?.result(result),
    onTookOver: () => undefined,
  });
  await executor.open();
  const settings = {
    ...{ hostName, controlPlane: [] },
    labels: { simulated: 'true', index: String(index), ...shape.labels },
    failureDomain: `rack-${(index % shape.failureDomains) + 1}`,
  };
  // The same in every run, so that a restarted simulation is the same hosts.
  const machineId = createHash('sha256').update(`simulated ${hostName}`).digest('hex');
  const host = linkHostOf({ settings, backend, executor, journal, incarnationId, machineId });
  // Only what goes wrong: thousands of hosts that say hello would drown it.
  const log = { ...createLog({ host: hostName }), info: () => undefined };
  link = new ControlPlaneLink({ host, clients, log });
  link.open();
  return link;
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  const labels = texts.map(label);
  const names = labels.map(([name]) => name);
  const again = names.find((name, index) => names.indexOf(name) !== index);
  if (again !== undefined) throw new SimulateUsageError(`--label: ${again} is given twice`);
  return Object.fromEntries(labels);
}

function label(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new SimulateUsageError(`--label must be NAME=VALUE, not "${text}"`);
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  const fault = labelFault(name, value);
  if (fault !== null) throw new SimulateUsageError(`--label ${text}: ${fault}`);
  return [name, value];
}

const OPTION_LENGTH_MAX = 1000;

function assertPlain(name: string, text: string): void {
  const isLong = text.length > OPTION_LENGTH_MAX;
  const fault = isLong ? `has at most ${OPTION_LENGTH_MAX} characters` : plainTextFault(text);
  if (fault !== null) throw new SimulateUsageError(`--${name} ${fault}`);
}

function whole(name: string, text: string): number {
  if (!/^\d{1,7}$/.test(text))
    throw new SimulateUsageError(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
}
