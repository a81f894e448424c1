// Updates that a host refuses or that its kernel refuses: it must come out of each as it went in, serving what it served,
// and then still be able to update.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expectEnd, stateOf } from './fleet-checks.mjs';
import { makeInitrd } from './initrd.mjs';
import { kernelCommandLine } from './machine.mjs';

/** Looks fit to whoever does not know quotes. */
export const QUOTED_SWITCH = kernelCommandLine('kho=on note=" liveupdate=on "');
/** Looks unfit to whoever does not know quotes, the last word, or all that the kernel takes for yes. */
const ODD_BUT_FIT = kernelCommandLine('"kho=Yes" liveupdate=off "liveupdate=ON" -- liveupdate=off');

const kv = {
  name: 'kv',
  command: ['node', '/app/kv-store.cjs'],
  env: { PORT: '7001', HOST: '0.0.0.0' },
};
const echo = {
  name: 'echo',
  command: ['node', '/app/echo-server.cjs'],
  env: { PORT: '7002', HOST: '0.0.0.0' },
};

/** The hosts and their steps. */
export async function refusals(fleet, lab) {
  const initrd = path.join(lab.directory, 'initrd');
  makeInitrd(initrd, lab.rootDirectory);
  const initrdSha256 = createHash('sha256').update(readFileSync(initrd)).digest('hex');
  const carried = { initrdUri: 'file:///app/initrd', initrdSha256 };
  await fleet.release('wrong-abi', 'b', { luoAbi: 'luo-v4' });
  await fleet.release('no-handler', 'b', { handlers: ['vfio-v1'] });
  await fleet.release('off', 'b', {
    kernelCommandLine: kernelCommandLine('kho=on liveupdate=off'),
  });
  await fleet.release('quoted', 'b', { kernelCommandLine: QUOTED_SWITCH });
  await fleet.release('wrong-initrd', 'b', { ...carried, initrdSha256: '0'.repeat(64) });
  await fleet.release('with-initrd', 'b', { ...carried, kernelCommandLine: ODD_BUT_FIT });
  return [refused(fleet, lab, { initrd }), unsupported(fleet)];
}

function refused(fleet, lab, files) {
  const settings = { faults: { dropStagedKernel: {} } };
  const refusedAs = (release, reason) => [
    `${release} is refused`,
    async (host) => {
      const before = await stateOf(host);
      await expectEnd(fleet, host, release, 'rolled-back', reason);
      await host.untilServing();
      assert.deepEqual(await stateOf(host), before, `${release} changed nothing`);
    },
  ];
  return {
    title: 'refusing host',
    boot: () => fleet.boot('refused', { settings, files, alone: true }),
    steps: Object.fromEntries([
      refusedAs('wrong-abi', /ABI_MISMATCH/),
      refusedAs('no-handler', /HANDLER_MISSING/),
      refusedAs('off', /COMMAND_LINE_UNFIT/),
      refusedAs('quoted', /COMMAND_LINE_UNFIT/),
      refusedAs('wrong-initrd', /DIGEST_MISMATCH/),
      // The fault drops what was staged.
      refusedAs('kernel-b', /KEXEC_FAILED.*EINVAL/),
      [
        'then an update with an initrd succeeds',
        async (host) => {
          const before = await stateOf(host);
          await expectEnd(fleet, host, 'with-initrd', 'succeeded');
          const after = await host.untilServing();
          assert.equal(after.kernelRelease, lab.kernels.b.release);
          assert.equal(await host.kv('GET', 'hash'), before.hash);
          assert.match(host.machine.console, /^INITRD switches to the root/m);
          assert.match(host.log, /"msg":"retrieved"/);
          assert.doesNotMatch(host.log, /took over/, 'the agent retrieved by itself');
        },
      ],
    ]),
  };
}

/** A listening socket that its workload can not do without: the kernel has no handler for it. */
function unsupported(fleet) {
  const settings = { workloads: [kv, echo] };
  return {
    title: 'host with a socket',
    boot: () => fleet.boot('unsupported', { settings }),
    steps: {
      'is rolled back in preserve': async (host) => {
        const before = await stateOf(host);
        await expectEnd(fleet, host, 'kernel-b', 'rolled-back', /PRESERVE_FAILED.*ENOENT/);
        await host.untilServing();
        assert.deepEqual(await stateOf(host), before);
      },
    },
  };
}
