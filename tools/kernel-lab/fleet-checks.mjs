// What tests look at in a host, and how they show it when something is not as it must be.
import assert from 'node:assert/strict';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { wordsOf } from '../bootstrap/thrown.mjs';

const VALUES = 20;

/** In orders to a machine (guest/start-agent.sh keeps it). */
export const AGENT_PID = '$(cat /run/agent.pid)';

/** Gives the host's key-value store content. */
export async function fill(host) {
  for (let i = 0; i < VALUES; i += 1) await host.kv('PUT', `key-${i}`, `value ${i}`);
}

/** What must not change by itself. */
export async function stateOf(host) {
  const { bootId, kernelRelease } = await host.record();
  return { bootId, kernelRelease, hash: await host.kv('GET', 'hash') };
}

/**
 * Every process of the machine has its own descriptors and nobody else's, and is as it was when the machine was first looked
 * at: apps/agent/src/testing/look-at-processes.main.ts. `holding`: sessions are held, by the agent alone.
 */
export function expectOwnOnly(host, holding = '') {
  return host.machine.order(
    `node /app/look.cjs ${AGENT_PID} ${host.socket} /out/first-look ${holding}`,
  );
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
    throw new SetupError(`${wordsOf(error)}\n${JSON.stringify(outcomes)}\n${words.join('\n')}`, {
      cause: error,
    });
  }
}

/** Rolls the release out to this host alone; its update must end so. */
export async function expectEnd(fleet, host, release, state, reason, strategy = {}) {
  const id = await fleet.startRollout(release, `name=${host.name}`, strategy);
  return expectEndOf(fleet, host, id, state, reason);
}

/** The same for a rollout that has been started. Resolves with the rollout's end. */
export async function expectEndOf(fleet, host, id, state, reason) {
  const end = await fleet.untilEnded(id);
  explain([host], end.updates, () => {
    const [update] = end.updates;
    assert.equal(update.state, state, host.name);
    if (reason) assert.match(JSON.stringify(update.reason), reason);
  });
  return end;
}

/** Sessions of a rollout as `[name, state, [[file, state], ...]]`, by name. */
export async function sessionsOf(host, rolloutId) {
  const sessions = (await host.sessions()).filter((one) => one.rolloutId === rolloutId);
  return sessions
    .map(({ name, state, files }) => [name, state, files.map((file) => [file.name, file.state])])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Boots a host and makes checks on it in order, one a step; after each its processes are looked at, and a step that leaves
 * sessions held resolves to `{holding: 'holding'}`. A step that fails does not keep the next ones from being tried;
 * a host that does not boot fails them all.
 */
export async function onHost(checks, { title, boot, steps }) {
  let host;
  let trouble;
  try {
    host = await boot();
    await fill(host);
    await expectOwnOnly(host);
  } catch (error) {
    trouble = { thrown: error };
  }
  for (const [what, step] of Object.entries(steps)) {
    await checks.run(`${title}: ${what}`, async () => {
      if (trouble !== undefined) throw trouble.thrown;
      const { holding } = (await step(host)) ?? {};
      await expectOwnOnly(host, holding);
    });
  }
  await host?.machine.stop();
}

/** Three at a time: an emulated machine keeps a core busy, and some wait for a deadline. */
export async function inLanes(runs, lanes = 3) {
  const waiting = [...runs];
  const lane = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await run();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
