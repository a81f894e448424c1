// The flags of `npm start`.

import { parseArgs } from 'node:util';
import { SetupError } from './setup-error.mjs';
import { wordsOf } from './thrown.mjs';

export const USAGE = `usage: npm start [-- OPTIONS]
  --hosts N       real agents with real workloads (default 4)
  --simulated N   more hosts, simulated in one process (default 0)
  --once          stop everything when the rollout ends; exit 0 only if it succeeded
  --json          the last line of stdout is one JSON object; everything for people goes to stderr`;

const HOSTS_MAX = 64;
const SIMULATED_MAX = 20_000;

/** @returns {{ hosts: number, simulated: number, once: boolean, json: boolean, help: boolean }} */
export function parseStartOptions(argv) {
  const { values } = readArguments(argv);
  const hosts = wholeNumber('--hosts', values.hosts, HOSTS_MAX);
  const simulated = wholeNumber('--simulated', values.simulated, SIMULATED_MAX);
  if (hosts + simulated === 0)
    throw new SetupError('A rollout needs at least one host.', { advice: USAGE });
  return { hosts, simulated, once: values.once, json: values.json, help: values.help };
}

function readArguments(argv) {
  try {
    return parseArgs({
      args: argv,
      options: {
        hosts: { type: 'string', default: '4' },
        simulated: { type: 'string', default: '0' },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new SetupError(wordsOf(error), { advice: USAGE });
  }
}

function wholeNumber(flag, text, max) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new SetupError(`${flag} takes a whole number from 0 to ${max}, not ${text}.`, {
    advice: USAGE,
  });
}
