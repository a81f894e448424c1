// What a host finds after a live update into a kernel that does not fit: the facts that an agent's triage and its
// compatibility gate rest on. One machine a case, all at once.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { makeNodeApp } from './bundle.mjs';
import { kernelCommandLine, LIVE_UPDATE_SWITCHES } from './machine.mjs';

/**
 * Case to the next kernel, and what must be on the console: outcomes of opening the device, opening it again, retrieving
 * the session. `duplicate-name` is a fault of Linux 7.3 (S15): a refused CREATE_SESSION leaves an empty block behind when
 * the sessions fill theirs, and the next kernel panics on it.
 */
const cases = {
  fits: { kernel: 'b', seen: /^NEXT fits ok EBUSY ok/m },
  'no-handler': { kernel: 'nomemfd', seen: /^NEXT no-handler EIO EIO -/m },
  'live-update-off': { kernel: 'b', seen: /^NEXT live-update-off ENOENT ENOENT -/m },
  'handover-off': { kernel: 'b', seen: /^NEXT handover-off ENOENT ENOENT -/m },
  'duplicate-name': { kernel: 'b', seen: /^PREPARED EEXIST[\s\S]*Kernel panic - not syncing/m },
};

/** Runs every case in `lab`; each is a check. */
export async function runNextKernel(lab, checks) {
  const appDirectory = path.join(lab.directory, 'next-kernel-app');
  await makeNodeApp(appDirectory, 'libs/linux/src/conformance/next-kernel.main.ts');
  await Promise.all(
    Object.entries(cases).map(([name, { kernel, seen }]) => {
      copyFileSync(lab.kernels[kernel].path, path.join(appDirectory, `bzImage-${name}`));
      const commandLine = kernelCommandLine(`${LIVE_UPDATE_SWITCHES} next.case=${name}`);
      return checks.run(`next-kernel: ${name}`, async () => {
        const machine = lab.boot({ name, appDirectory, commandLine, cpus: 1 });
        await machine.untilOff();
        if (!seen.test(machine.console)) {
          throw new SetupError(`expected ${seen} on the console:\n${machine.tail}`);
        }
      });
    }),
  );
}
