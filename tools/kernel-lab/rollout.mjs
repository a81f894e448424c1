// The real thing: agents in machines that update their kernels under a rollout, and everything that can go wrong with it.
//
// Happy path: two hosts go from kernel a to b with their key-value stores' content, then back to a.
// Unhappy paths: rollout-failures.mjs.
import assert from 'node:assert/strict';
import { openFleet } from './fleet.mjs';
import { runFailures } from './rollout-failures.mjs';
import { explain, fill, stateOf } from './fleet-checks.mjs';

/** Runs the rollouts in `lab`; rejects when something is not as it must be. */
export async function runRollout(lab, { note = () => {} } = {}) {
  const startedAt = performance.now();
  const fleet = await openFleet(lab, note);
  const seen = {};
  try {
    await fleet.release('kernel-a', 'a');
    await fleet.release('kernel-b', 'b');
    for (const [name, run] of Object.entries(cases)) {
      const caseStartedAt = performance.now();
      const figures = await run(fleet, lab);
      seen[name] = { ...figures, durationMs: Math.round(performance.now() - caseStartedAt) };
      note(`  ${name}: ${JSON.stringify(seen[name])}`);
    }
  } finally {
    await fleet.close();
  }
  return { cases: seen, durationMs: Math.round(performance.now() - startedAt) };
}

const cases = { 'two hosts, two updates in a row': twoUpdates, failures: runFailures };

async function twoUpdates(fleet, lab) {
  const names = ['host-1', 'host-2'];
  const hosts = await Promise.all(names.map((name) => fleet.boot(name)));
  for (const host of hosts) await fill(host);
  const first = await passAll(fleet, hosts, 'kernel-b', lab.kernels.b.release);
  const second = await passAll(fleet, hosts, 'kernel-a', lab.kernels.a.release);
  await Promise.all(hosts.map(({ machine }) => machine.stop()));
  return { blackoutsMs: [...first, ...second] };
}

/** Updates all hosts; every one must have crossed with all it had. Returns their blackouts. */
async function passAll(fleet, hosts, release, kernelRelease) {
  const before = await Promise.all(hosts.map(stateOf));
  const selector = `name in (${hosts.map(({ name }) => name).join(',')})`;
  const { state, id, updates } = await fleet.rollOut(release, selector, { waves: [1] });
  explain(hosts, updates, () => assert.equal(state, 'succeeded'));
  for (const [index, host] of hosts.entries()) {
    const record = await host.untilServing();
    assert.equal(record.kernelRelease, kernelRelease, `${host.name} runs the release's kernel`);
    assert.equal(record.runningVersion, kernelRelease);
    assert.notEqual(record.bootId, before[index].bootId, `${host.name} booted`);
    assert.equal(await host.kv('GET', 'hash'), before[index].hash, `${host.name} kept its content`);
    assert.equal(await host.kv('GET', 'key-7'), 'value 7');
    const sessions = (await host.sessions()).filter((one) => one.rolloutId === id);
    assert.deepEqual(
      sessions.map(({ name, workload, state: session }) => [name, workload, session]),
      [['luofleet.kv', 'kv', 'finished']],
    );
    const files = sessions.flatMap((session) => session.files);
    assert.deepEqual(
      files.map(({ token, name, compatible, state: file }) => [token, name, compatible, file]),
      [['0x1', 'store', 'memfd-v2', 'finished']],
    );
  }
  const blackouts = updates.map(({ blackoutMs }) => blackoutMs);
  assert.ok(
    blackouts.every((ms) => ms > 0),
    `every host has a blackout: ${blackouts}`,
  );
  return blackouts;
}
