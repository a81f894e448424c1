// Installs Debian packages on this machine, for tests that need them.

import { spawnSync } from 'node:child_process';
import { hasApt } from './redis-from-apt.mjs';

/** Whether packages can be installed here: apt, as root. */
export const canInstall = () => hasApt() && process.getuid() === 0;

/** True once they are installed. Package lists are fetched where there are none yet, or old ones. */
export function installWithApt(packages) {
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  if (apt(install)) return true;
  apt(['update', '-qq']);
  return apt(install);
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync(
    'apt-get',
    ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2', ...args],
    {
      env,
      stdio: ['ignore', 'ignore', process.stderr],
    },
  );
  return status === 0;
}
