// Updates after which the next kernel runs and something is gone: that is not a failure among others, and the record must
// say what is lost and why.
import assert from 'node:assert/strict';
import path from 'node:path';
import { makeNodeApp } from './bundle.mjs';
import { AGENT_PID, expectEnd, sessionsOf, stateOf } from './fleet-checks.mjs';
import { QUOTED_SWITCH } from './rollout-refusals.mjs';

const guest = path.join(import.meta.dirname, 'guest');
/** More than guest/tight-memory.sh leaves. */
const BALLAST_MIB = '352';
/** The next update finishes what this one left. */
const HOLDING = { holding: 'holding' };
const workloads = [
  {
    name: 'ballast',
    command: ['node', '/app/ballast.workload.cjs'],
    env: { SIZE_MIB: BALLAST_MIB },
  },
  {
    name: 'kv',
    command: ['node', '/app/kv-store.cjs'],
    env: { PORT: '7001', HOST: '0.0.0.0' },
  },
];

/** The hosts and their steps. */
export async function losses(fleet, lab) {
  await fleet.release('no-memfd', 'nomemfd');
  const askAgain = path.join(lab.directory, 'ask-again');
  await makeNodeApp(askAgain, 'libs/linux/src/conformance/ask-again.main.ts');
  const files = {
    prepare: path.join(guest, 'tight-memory.sh'),
    'ballast.workload.cjs': path.join(guest, 'ballast.workload.cjs'),
    'ask-again.cjs': path.join(askAgain, 'main.cjs'),
  };
  const faults = { stageCommandLine: { line: QUOTED_SWITCH } };
  return [
    oneFileLost(fleet, files),
    allLost(fleet, 'no-device', 'kernel-b', /DEVICE_MISSING/, { faults }),
    allLost(fleet, 'must-reboot', 'no-memfd', /MUST_REBOOT/),
  ];
}

function allLost(fleet, name, release, reason, settings = {}) {
  return {
    title: `host that gets to ${name}`,
    // Nothing of its own outlives the loss of its state, so its configuration says which machine it is.
    boot: () => fleet.boot(name, { settings: { machineId: `lab-${name}`, ...settings } }),
    steps: {
      'has lost its state': async (host) => {
        const before = await stateOf(host);
        await expectEnd(fleet, host, release, 'lost-state', reason);
        const after = await host.untilServing();
        assert.notEqual(after.bootId, before.bootId);
        assert.notEqual(await host.kv('GET', 'hash'), before.hash, 'the store starts empty');
      },
      'refuses the next update': async (host) => {
        const before = await stateOf(host);
        await expectEnd(fleet, host, 'kernel-a', 'rolled-back', reason);
        assert.deepEqual(await stateOf(host), before);
      },
    },
  };
}

/** The next kernel can not restore one file, whose pages do not fit the agent's cgroup. */
function oneFileLost(fleet, files) {
  return {
    title: 'host with little memory',
    boot: () => fleet.boot('tight', { settings: { workloads }, files }),
    steps: {
      'has lost one file, and says which': async (host) => {
        const before = await stateOf(host);
        const lost = /RETRIEVE_FAILED.*ENOMEM.*luofleet\.ballast\/file 0x1/;
        const { id } = await expectEnd(fleet, host, 'kernel-b', 'lost-state', lost);
        await host.untilServing();
        assert.equal(await host.kv('GET', 'hash'), before.hash, 'the store kept its content');
        assert.deepEqual(await sessionsOf(host, id), [
          ['luofleet.ballast', 'failed', [['ballast', 'failed']]],
          ['luofleet.kv', 'finished', [['store', 'finished']]],
        ]);
        const files = (await host.sessions()).flatMap((session) => session.files);
        assert.deepEqual(files.map(({ name, reason }) => [name, reason?.errnoCode]).sort(), [
          ['ballast', 'ENOMEM'],
          ['store', undefined],
        ]);
        return HOLDING;
      },
      'is answered the same when it asks again with memory enough': async (host) => {
        await host.machine.order('echo max >/sys/fs/cgroup/tight/memory.max');
        await host.machine.order(`node /app/ask-again.cjs ${AGENT_PID} luofleet.ballast 0x1`);
        assert.match(host.machine.console, /^AGAIN ENOMEM/m);
        return HOLDING;
      },
      'can be updated again': async (host) => {
        const before = await stateOf(host);
        const { id } = await expectEnd(fleet, host, 'kernel-a', 'succeeded');
        await host.untilServing();
        assert.equal(await host.kv('GET', 'hash'), before.hash);
        assert.deepEqual(await sessionsOf(host, id), [
          ['luofleet.ballast', 'finished', [['ballast', 'finished']]],
          ['luofleet.kv', 'finished', [['store', 'finished']]],
        ]);
      },
    },
  };
}
