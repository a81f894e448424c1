// What the kernel lab's command can do: build, boot, test. stdout carries results, stderr progress. Tests all run, whatever
// the ones before found; the last line of stdout is `N passed, N failed`.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stopSignal } from '../bootstrap/stop-signal.mjs';
import { Checks } from './checks.mjs';
import { runConformance } from './conformance.mjs';
import { ensureKernels } from './kernel-build.mjs';
import { openLab } from './lab.mjs';
import { runNextKernel } from './next-kernel.mjs';
import { runRollout } from './rollout.mjs';

const note = (text) => process.stderr.write(`${text}\n`);

const showKernel = 'uname -a; cat /proc/cmdline; ls -l /dev/liveupdate; cat /proc/uptime\n';
const tests = {
  conformance: runConformance,
  'next-kernel': runNextKernel,
  rollout: runRollout,
};

/** Opens the lab, and closes it also when a signal ends us. */
async function withLab({ refresh, keep }, use) {
  const lab = await openLab({ note, refresh, keep });
  const stop = () => void lab.close();
  stopSignal.addEventListener('abort', stop, { once: true });
  try {
    return await use(lab);
  } finally {
    await lab.close();
    if (keep) note(`Kept ${lab.directory}`);
  }
}

/** By name: `(options, names)`, resolving to the exit code where it can be other than 0. */
export const commands = {
  async build({ refresh }) {
    process.stdout.write(`${JSON.stringify(await ensureKernels({ refresh, note }), null, 2)}\n`);
  },
  async boot(options) {
    await withLab(options, async (lab) => {
      const appDirectory = path.resolve(options.app ?? path.join(lab.directory, 'show-kernel'));
      if (options.app === undefined) {
        mkdirSync(appDirectory);
        writeFileSync(path.join(appDirectory, 'start'), showKernel);
      }
      const names = Array.from({ length: options.count }, (_, i) => `machine-${i + 1}`);
      const machines = names.map((name) =>
        lab.boot({ name, appDirectory, kernel: options.kernel }),
      );
      for (const machine of machines) {
        const { code } = await machine.ended;
        process.stdout.write(`${machine.name} ended (${code})\n${machine.console}`);
      }
    });
  },
  async test(options, names) {
    const checks = new Checks();
    process.on('unhandledRejection', (error) => checks.fail('what nobody waited for', error));
    try {
      await withLab(options, async (lab) => {
        const run = async (name) => {
          const startedAt = performance.now();
          try {
            await tests[name](lab, checks, { ...options, note });
          } catch (error) {
            checks.fail(`${name} could not be run`, error);
          }
          note(`${name} took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
        };
        const wanted = names.length > 0 ? names : Object.keys(tests);
        // The first two together keep two cores busy; rollouts do so alone.
        await Promise.all(wanted.filter((name) => name !== 'rollout').map(run));
        if (wanted.includes('rollout')) await run('rollout');
      });
    } catch (error) {
      checks.fail('the lab', error);
    }
    process.stdout.write(`${checks.total}\n`);
    stopSignal.throwIfAborted();
    return checks.exitCode;
  },
};
