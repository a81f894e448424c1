// The root file system of lab machines: a directory that QEMU shows them read-only over 9p. It holds this machine's Node
// with the libraries it is linked to, a static busybox and our init. Made once per Node version; several machines share it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { labCache } from './kernel-build.mjs';
import { runCommand } from '../bootstrap/run-command.mjs';

const BUSYBOX = '/bin/busybox';
const MOUNT_POINTS = ['app', 'dev', 'out', 'proc', 'run', 'sys', 'tmp'];
const init = path.join(import.meta.dirname, 'init.sh');

/** The directory of the root file system; made when it is not there yet. */
export async function ensureRootFileSystem() {
  const digest = createHash('sha256').update(process.version).update(readFileSync(init));
  const root = path.join(labCache, `root-${process.version}-${digest.digest('hex').slice(0, 12)}`);
  if (existsSync(root)) return root;
  const making = `${root}.${process.pid}`;
  try {
    await makeRoot(making);
    renameSync(making, root);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(root)) throw error; // else another process was faster
  }
  return root;
}

async function makeRoot(root) {
  for (const name of ['bin', ...MOUNT_POINTS])
    mkdirSync(path.join(root, name), { recursive: true });
  const busybox = path.join(root, 'bin/busybox');
  copyFileSync(BUSYBOX, busybox);
  for (const applet of appletsOf(busybox)) linkSync(busybox, path.join(root, 'bin', applet));
  copyFileSync(process.execPath, path.join(root, 'bin/node'));
  for (const library of await librariesOf(process.execPath)) {
    const target = path.join(root, library);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(library, target);
  }
  copyFileSync(init, path.join(root, 'init'));
  chmodSync(path.join(root, 'init'), 0o755);
}

function appletsOf(busybox) {
  const { status, stdout } = spawnSync(busybox, ['--list'], { encoding: 'utf8' });
  if (status !== 0) {
    throw new SetupError(`${BUSYBOX} does not run`, {
      advice: 'Install the package busybox-static.',
    });
  }
  return stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
}

async function librariesOf(program) {
  const listed = await runCommand('ldd', [program]);
  return [...listed.matchAll(/(\/\S+)(?: \(0x)/g)].map((match) => match[1]);
}
