// One host in whose updates others interfere: its agent is killed, the operator aborts, another process has the device.
// Its journal is on a disk (the machine's /out), which the other hosts do not have. Its workload has a child that has left
// it in every way but one: its parent is gone, its session and environment are others; only the cgroup is still the same.
import assert from 'node:assert/strict';
import {
  AGENT_PID,
  expectEnd,
  expectEndOf,
  expectOwnOnly,
  sessionsOf,
  stateOf,
} from './fleet-checks.mjs';

const LEAVE_CHILD = `(env -i setsid sh -c 'echo $$ >/run/child; exec sleep 6000' &)`;
const settings = {
  workloads: [
    {
      name: 'kv',
      command: ['sh', '-c', `${LEAVE_CHILD}; exec node /app/kv-store.cjs`],
      env: { PORT: '7001', HOST: '0.0.0.0' },
    },
  ],
  stateDir: '/out/state',
  socket: '/run/luofleet.sock',
  faults: { killAt: [{ point: 'before:freeze' }] },
};
const HOLD_DEVICE = 'exec 9<>/dev/liveupdate; sleep 600 & echo $! >/tmp/holder';
const LET_DEVICE_GO = 'kill $(cat /tmp/holder)';

/** The hosts and their steps. */
export function interruptions(fleet) {
  const steps = {
    'the agent is killed between preserve and freeze': killedBeforeFreeze,
    'a workload that is killed takes along whatever it has started': killedWorkload,
    'an operator aborts while a workload does not quiesce': abortedInFreeze,
    'another process holds the device for long': busyForLong,
    'another process holds the device for a while': busyForAWhile,
    'the agent is killed after the update': killedAfterUpdate,
    'a workload that was taken over takes along whatever it has started': killedWorkload,
    'a workload that is killed with its agent takes along whatever it has started': killedTogether,
    'then an update succeeds': updatedAgain,
  };
  const onFleet = Object.entries(steps).map(([what, step]) => [what, (host) => step(fleet, host)]);
  const boot = () => fleet.boot('interrupted', { settings });
  return [{ title: 'interrupted host', boot, steps: Object.fromEntries(onFleet) }];
}

/** Everything that an interference must leave as it was, the workload's process too. */
async function untouched(host) {
  const { workloads } = await host.untilServing();
  return { ...(await stateOf(host)), pids: workloads.map(({ pid }) => pid) };
}

async function killedBeforeFreeze(fleet, host) {
  const before = await untouched(host);
  const { incarnationId } = await host.record();
  const { id } = await expectEnd(fleet, host, 'kernel-b', 'rolled-back', /SESSIONS_GONE/);
  assert.deepEqual(await untouched(host), before);
  assert.notEqual((await host.record()).incarnationId, incarnationId, 'the agent was killed');
  assert.deepEqual(await sessionsOf(host, id), [
    ['luofleet.kv', 'unpreserved', [['store', 'unpreserved']]],
  ]);
}

const killedWorkload = (fleet, host) => killed(fleet, host, '');
const killedTogether = (fleet, host) => killed(fleet, host, AGENT_PID);

/** The workload's process is killed, with `others`; its child must end with it. */
async function killed(fleet, host, others) {
  const { pids } = await untouched(host);
  await host.machine.order('cp /run/child /run/old-child && kill -0 $(cat /run/old-child)');
  await host.machine.order(`kill -KILL ${pids[0]} ${others}`);
  await fleet.until('another process serves', async () => {
    const { state, workloads } = await host.record();
    const [kv] = workloads;
    return state === 'online' && kv.state === 'serving' && kv.pid !== pids[0];
  });
  await host.machine.order('kill -0 $(cat /run/child) && ! kill -0 $(cat /run/old-child)');
}

async function abortedInFreeze(fleet, host) {
  const before = await untouched(host);
  const [pid] = before.pids;
  await host.machine.order(`kill -STOP ${pid}`);
  const id = await fleet.startRollout('kernel-b', `name=${host.name}`);
  await fleet.until('the host stands in freeze', async () => {
    const { update } = await host.record();
    return update?.rolloutId === id && update.phase === 'freeze';
  });
  const trouble = await expectOwnOnly(host, 'holding').catch((error) => error);
  const logged = host.log.length;
  await fleet.rest.post(`/rollouts/${id}/abort`);
  // It does not wait for the workload to answer.
  await fleet.until('the agent ends freeze', async () =>
    /"phase":"freeze","outcome":"rolled-back".*ROLLBACK_REQUESTED/.test(host.log.slice(logged)),
  );
  await host.machine.order(`kill -CONT ${pid}`);
  const { state } = await expectEndOf(fleet, host, id, 'rolled-back');
  assert.equal(state, 'aborted');
  assert.deepEqual(await untouched(host), before);
  assert.deepEqual(await sessionsOf(host, id), [
    ['luofleet.kv', 'unpreserved', [['store', 'unpreserved']]],
  ]);
  assert.ifError(trouble);
}

async function busyForLong(fleet, host) {
  const before = await untouched(host);
  await host.machine.order(HOLD_DEVICE);
  await expectEnd(fleet, host, 'kernel-b', 'rolled-back', /DEVICE_BUSY.*EBUSY/);
  await host.machine.order(LET_DEVICE_GO);
  assert.deepEqual(await untouched(host), before);
}

async function busyForAWhile(fleet, host) {
  const before = await untouched(host);
  const complaints = () => host.log.split('another process holds /dev/liveupdate').length;
  const earlier = complaints();
  await host.machine.order(HOLD_DEVICE);
  const id = await fleet.startRollout('kernel-b', `name=${host.name}`);
  await fleet.until('the agent finds the device busy', async () => complaints() > earlier);
  await host.machine.order(LET_DEVICE_GO);
  await expectEndOf(fleet, host, id, 'succeeded');
  const after = await untouched(host);
  assert.notEqual(after.bootId, before.bootId);
  assert.equal(after.hash, before.hash);
}

async function killedAfterUpdate(fleet, host) {
  const before = await untouched(host);
  const { incarnationId, update } = await host.record();
  const sessions = await host.sessions();
  assert.equal(update.state, 'succeeded', 'the update before has ended');
  const logged = host.log.length;
  await host.machine.order(`kill -KILL ${AGENT_PID}`);
  await fleet.until('the agent is back', async () => {
    return (await host.record()).incarnationId !== incarnationId;
  });
  assert.deepEqual(await untouched(host), before);
  assert.match(host.log.slice(logged), /"arrival":"cold"/);
  assert.deepEqual((await host.record()).update, update);
  assert.deepEqual(await host.sessions(), sessions);
}

async function updatedAgain(fleet, host) {
  const before = await untouched(host);
  await expectEnd(fleet, host, 'kernel-a', 'succeeded');
  const after = await untouched(host);
  assert.notEqual(after.kernelRelease, before.kernelRelease);
  assert.equal(after.hash, before.hash);
}
