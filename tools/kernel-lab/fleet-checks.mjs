// What tests look at in a host, and how they show it when something is not as it must be.
import { SetupError } from '../bootstrap/setup-error.mjs';

const VALUES = 20;

/** Gives the host's key-value store content. */
export async function fill(host) {
  for (let i = 0; i < VALUES; i += 1) await host.kv('PUT', `key-${i}`, `value ${i}`);
}

/** What must not change by itself. */
export async function stateOf(host) {
  const { bootId, kernelRelease } = await host.record();
  return { bootId, kernelRelease, hash: await host.kv('GET', 'hash') };
}

/** Adds what the hosts say to a failure. */
export function explain(hosts, updates, check) {
  try {
    check();
  } catch (error) {
    const words = hosts.map(
      ({ name, log, machine }) => `${name}:\n${log.slice(-4000)}\n${machine.console.slice(-2000)}`,
    );
    const outcomes = updates.map(({ hostName, state, reason }) => ({ hostName, state, reason }));
    throw new SetupError(`${error.message}\n${JSON.stringify(outcomes)}\n${words.join('\n')}`, {
      cause: error,
    });
  }
}
