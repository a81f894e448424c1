// The flags of `npm start`.

import { readOptions, wholeNumber } from './read-options.mjs';
import { UsageError } from './setup-error.mjs';

export const USAGE = `usage: npm start [-- OPTIONS]
  --hosts N       real agents with real workloads (default 4)
  --simulated N   more hosts, simulated in one process (default 0)
  --once          stop everything when the rollout ends; exit 0 only if it succeeded
  --json          the last line of stdout is one JSON object; everything for people goes to stderr`;

const HOSTS_MAX = 64;
const SIMULATED_MAX = 20_000;

/** @returns {{ hosts: number, simulated: number, once: boolean, json: boolean, help: boolean }} */
export function parseStartOptions(args) {
  const { values } = readOptions({
    args,
    usage: USAGE,
    options: {
      hosts: { type: 'string', default: '4' },
      simulated: { type: 'string', default: '0' },
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { once, json, help } = values;
  const hosts = wholeNumber('--hosts', values.hosts, { most: HOSTS_MAX, usage: USAGE });
  const simulated = wholeNumber('--simulated', values.simulated, {
    most: SIMULATED_MAX,
    usage: USAGE,
  });
  if (hosts + simulated === 0)
    throw new UsageError('A rollout needs at least one host.', { advice: USAGE });
  return { hosts, simulated, once, json, help };
}
