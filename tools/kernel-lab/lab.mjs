// The kernel lab as a library: kernels, root file system, machines.
//
//   const lab = await openLab({ note: console.error });
//   const machine = lab.boot({ name: 'host-1', appDirectory, kernel: 'a' });
//   await machine.untilOff();
//   await lab.close();
//
// Happy path: openLab finds everything in the cache; boot starts a machine; close stops what still runs and removes the
// lab's scratch directory (kept when `keep` is set).
// Unhappy paths: SetupError says what a user can do (packages, disk, network).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stoppable } from '../bootstrap/stop-signal.mjs';
import { ensureKernels } from './kernel-build.mjs';
import { bootMachine } from './machine.mjs';
import { ensureMachinePackages } from './prerequisites.mjs';
import { ensureRootFileSystem } from './root-fs.mjs';

/** Opens the lab; builds what the cache does not have. */
export async function openLab({ note = () => {}, keep = false, refresh = false } = {}) {
  const { build, rootDirectory } = await stoppable(async () => {
    await ensureMachinePackages(note);
    return {
      build: await ensureKernels({ refresh, note }),
      rootDirectory: await ensureRootFileSystem(),
    };
  });
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-lab-'));
  const machines = [];
  return {
    build,
    kernels: build.kernels,
    rootDirectory,
    /** Scratch directory of this lab; a good place for app directories. */
    directory,
    boot({ name, kernel = 'a', ...options }) {
      const own = path.join(directory, name);
      mkdirSync(own);
      const kernelPath = build.kernels[kernel].path;
      const machine = bootMachine({ name, directory: own, kernelPath, rootDirectory, ...options });
      machines.push(machine);
      return machine;
    },
    async close() {
      await Promise.all(machines.map((machine) => machine.stop()));
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
  };
}
