// Installs Debian packages on this machine, for tests that need them.

import { hasApt } from './redis-from-apt.mjs';
import { runCommand } from './run-command.mjs';

/** Whether packages can be installed here: apt, as root. */
export const canInstall = () => hasApt() && process.getuid() === 0;

/** Resolves once they are installed. Package lists are fetched where there are none yet, or old ones. */
export async function installWithApt(packages) {
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  try {
    await apt(install);
  } catch {
    await apt(['update', '-qq']);
    await apt(install);
  }
}

const apt = (args) =>
  runCommand('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
