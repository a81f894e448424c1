// The real thing: agents in machines that update their kernels under a rollout, and everything that can go wrong with it.
//
// Happy path: two hosts go from kernel a to b with their key-value stores' content, then back to a.
// Unhappy paths: rollout-refusals.mjs (nothing may be lost before the kexec), rollout-losses.mjs (the record must say what
// is lost after it), rollout-interruptions.mjs (agents killed, rollouts aborted, a device that others hold).
import assert from 'node:assert/strict';
import { openFleet } from './fleet.mjs';
import {
  expectEnd,
  expectOwnOnly,
  explain,
  fill,
  inLanes,
  onHost,
  sessionsOf,
  stateOf,
} from './fleet-checks.mjs';
import { interruptions } from './rollout-interruptions.mjs';
import { losses } from './rollout-losses.mjs';
import { refusals } from './rollout-refusals.mjs';

/** Runs the rollouts in `lab`; each step of a host is a check. `only` is a part of the hosts' titles. */
export async function runRollout(lab, checks, { note = () => {}, only = '' } = {}) {
  const fleet = await openFleet(lab, note, { cpus: 1 });
  try {
    await fleet.release('kernel-a', 'a');
    await fleet.release('kernel-b', 'b');
    const first = TWO_HOSTS.includes(only) ? await twoUpdates(fleet, lab, checks) : [];
    const groups = [interruptions, losses, refusals]; // the longest first, so that lanes end together
    const hosts = await Promise.all(groups.map((group) => group(fleet, lab)));
    const chosen = hosts.flat().filter(({ title }) => title.includes(only));
    await inLanes([...first, ...chosen.map((host) => () => onHost(checks, host))]);
  } finally {
    await fleet.close();
  }
}

const TWO_HOSTS = 'two hosts';

/** What is left to run with its hosts. */
async function twoUpdates(fleet, lab, checks) {
  const names = ['host-1', 'host-2'];
  let hosts = [];
  await checks.run(`${TWO_HOSTS}: boot and serve`, async () => {
    hosts = await Promise.all(names.map((name) => fleet.boot(name)));
    for (const host of hosts) await fill(host);
    await Promise.all(hosts.map((host) => expectOwnOnly(host)));
  });
  await checks.run(`${TWO_HOSTS}: updated to kernel b, one after the other`, () =>
    passAll(fleet, hosts, 'kernel-b', lab.kernels.b.release, { waves: [1] }),
  );
  await checks.run(`${TWO_HOSTS}: updated to kernel a, both at once`, () =>
    passAll(fleet, hosts, 'kernel-a', lab.kernels.a.release),
  );
  const [last, ...others] = hosts;
  await Promise.all(others.map(({ machine }) => machine.stop()));
  const title = `${TWO_HOSTS}: one is unplugged between two kernels`;
  return [() => checks.run(title, () => unplugged(fleet, last))];
}

/** Updates all hosts; every one must have crossed with all it had. */
async function passAll(fleet, hosts, release, kernelRelease, strategy) {
  assert.equal(hosts.length, 2, 'both hosts booted');
  const before = await Promise.all(hosts.map(stateOf));
  const selector = `name in (${hosts.map(({ name }) => name).join(',')})`;
  const { state, id, updates } = await fleet.rollOut(release, selector, strategy);
  explain(hosts, updates, () => assert.equal(state, 'succeeded'));
  for (const [index, host] of hosts.entries()) {
    const record = await host.untilServing();
    assert.equal(record.kernelRelease, kernelRelease, `${host.name} runs the release's kernel`);
    assert.equal(record.runningVersion, kernelRelease);
    assert.match(host.log, /"files":1,.*"msg":"took over"/, `${host.name} had arrive in front`);
    assert.notEqual(record.bootId, before[index].bootId, `${host.name} booted`);
    assert.equal(await host.kv('GET', 'hash'), before[index].hash, `${host.name} kept its content`);
    assert.equal(await host.kv('GET', 'key-7'), 'value 7');
    assert.deepEqual(await sessionsOf(host, id), [
      ['luofleet.kv', 'finished', [['store', 'finished']]],
    ]);
    const [session] = (await host.sessions()).filter((one) => one.rolloutId === id);
    const { token, compatible } = session.files[0];
    assert.deepEqual([session.workload, token, compatible], ['kv', '0x1', 'memfd-v2']);
  }
  await Promise.all(hosts.map((host) => expectOwnOnly(host)));
  const blackouts = updates.map(({ blackoutMs }) => blackoutMs);
  assert.ok(
    blackouts.every((ms) => ms > 0),
    `every host has a blackout: ${blackouts}`,
  );
}

/** The plug is pulled while the host is between two kernels. */
async function unplugged(fleet, host) {
  assert.ok(host, 'both hosts booted');
  const strategy = { phaseTimeouts: { reboot: '15s', retrieve: '15s' } };
  const pulled = fleet
    .until('the unplugged host reboots', async () => {
      const { update } = await host.record();
      return update?.phase === 'reboot' || update?.phase === 'retrieve';
    })
    .then(() => host.machine.stop());
  await Promise.all([expectEnd(fleet, host, 'kernel-b', 'lost', /./, strategy), pulled]);
}
