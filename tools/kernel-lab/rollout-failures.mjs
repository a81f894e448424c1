// What can go wrong with a kernel update, a host and a rollout each, all at once, and what the record must say afterwards.
//
// Before the kexec nothing may be lost: the same kernel runs and serves what it served. After it the record must say that
// the state is lost, or the host.
import assert from 'node:assert/strict';
import { explain, fill, stateOf } from './fleet-checks.mjs';
import { kernelCommandLine } from './machine.mjs';

const echo = {
  name: 'echo',
  command: ['node', '/app/echo-server.cjs'],
  env: { PORT: '7002', HOST: '0.0.0.0' },
};

/** Runs every failure; rejects when a record says something else. */
export async function runFailures(fleet) {
  await fleet.release('kernel-b-wrong-abi', 'b', { luoAbi: 'luo-v4' });
  await fleet.release('kernel-b-no-handler', 'b', { handlers: ['vfio-v1'] });
  await fleet.release('kernel-b-off', 'b', {
    kernelCommandLine: kernelCommandLine('kho=on liveupdate=off'),
  });
  // To us it says that live update is on; to the kernel, which honours quotes, it does not.
  await fleet.release('kernel-b-quoted', 'b', {
    kernelCommandLine: kernelCommandLine('kho=on note=" liveupdate=on "'),
  });
  await fleet.release('kernel-no-memfd', 'nomemfd');
  // Two at a time: an emulated machine keeps a core busy.
  await inPairs([
    () => refused(fleet),
    () => lostState(fleet, 'no-device', 'kernel-b-quoted', /DEVICE_MISSING/),
    () => lostState(fleet, 'must-reboot', 'kernel-no-memfd', /MUST_REBOOT/),
    () => unplugged(fleet),
    () => unsupported(fleet),
  ]);
  return { hosts: 5 };
}

async function inPairs(runs) {
  const waiting = [...runs];
  const lane = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await run();
  };
  await Promise.all([lane(), lane()]);
}

/** One host, many refusals: it must come out of each as it went in, and then still be able to update. */
async function refused(fleet) {
  const host = await fleet.boot('refused', { settings: { faults: { dropStagedKernel: {} } } });
  await fill(host);
  const before = await stateOf(host);
  for (const [release, reason] of [
    ['kernel-b-wrong-abi', /ABI_MISMATCH/],
    ['kernel-b-no-handler', /HANDLER_MISSING/],
    ['kernel-b-off', /COMMAND_LINE_UNFIT/],
    ['kernel-b', /KEXEC_FAILED.*EINVAL/],
  ]) {
    await expectEnd(fleet, host, release, 'rolled-back', reason);
    await host.untilServing();
    assert.deepEqual(await stateOf(host), before, `${release} changed nothing`);
  }
  await expectEnd(fleet, host, 'kernel-b', 'succeeded');
  assert.equal(await host.kv('GET', 'hash'), before.hash);
  await host.machine.stop();
}

/** A listening socket that its workload can not do without: the kernel has no handler for it. */
async function unsupported(fleet) {
  const kv = { name: 'kv', command: ['node', '/app/kv-store.cjs'], env: { PORT: '7001' } };
  const workloads = [{ ...kv, env: { ...kv.env, HOST: '0.0.0.0' } }, echo];
  const host = await fleet.boot('unsupported', { settings: { workloads } });
  const before = await stateOf(host);
  await expectEnd(fleet, host, 'kernel-b', 'rolled-back', /PRESERVE_FAILED.*ENOENT/);
  await host.untilServing();
  assert.deepEqual(await stateOf(host), before);
  await host.machine.stop();
}

/** The next kernel runs, and serves nothing of what was: that is not a failure among others. */
async function lostState(fleet, name, release, reason) {
  const host = await fleet.boot(name);
  await fill(host);
  const before = await stateOf(host);
  await expectEnd(fleet, host, release, 'lost-state', reason);
  const after = await host.untilServing();
  assert.notEqual(after.bootId, before.bootId);
  assert.notEqual(await host.kv('GET', 'hash'), before.hash, 'the store starts empty');
  await host.machine.stop();
}

/** The plug is pulled while the host is between two kernels. */
async function unplugged(fleet) {
  const host = await fleet.boot('unplugged');
  const strategy = { phaseTimeouts: { freeze: '15s', reboot: '15s', retrieve: '15s' } };
  const pulled = fleet
    .until('the unplugged host reboots', async () => {
      const { update } = await host.record();
      return update?.phase === 'reboot' || update?.phase === 'retrieve';
    })
    .then(() => host.machine.stop());
  await expectEnd(fleet, host, 'kernel-b', 'lost', /./, strategy);
  await pulled;
}

/** Rolls the release out to this host alone. */
async function expectEnd(fleet, host, release, state, reason, strategy = {}) {
  const { updates } = await fleet.rollOut(release, `name=${host.name}`, strategy);
  explain([host], updates, () => {
    const [update] = updates;
    assert.equal(update.state, state, `${host.name}, ${release}`);
    if (reason) assert.match(JSON.stringify(update.reason), reason);
  });
}
