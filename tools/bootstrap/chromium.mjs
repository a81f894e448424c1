// The browser for the dashboard's tests: one that is there, or Debian's package, installed as root.

import { spawnSync } from 'node:child_process';
import { findOnPath } from './programs.mjs';
import { hasApt } from './redis-from-apt.mjs';
import { SetupError } from './setup-error.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ADVICE =
  'Install Chromium (for example: sudo apt-get install chromium), or set CHROMIUM_PATH to a browser.';

/** The path of a Chromium. */
export async function ensureChromium({ note = () => {} } = {}) {
  const found = process.env.CHROMIUM_PATH ?? findChromium();
  if (found) return found;
  if (!hasApt() || process.getuid() !== 0)
    throw new SetupError('There is no Chromium on PATH for the dashboard tests.', {
      advice: ADVICE,
    });
  note('Installing Chromium with apt');
  const install = ['install', '-y', '-qq', '--no-install-recommends', 'chromium'];
  if (!apt(install)) {
    apt(['update', '-qq']); // no package lists yet, or old ones
    if (!apt(install))
      throw new SetupError('Chromium could not be installed with apt.', { advice: ADVICE });
  }
  return findChromium();
}

const findChromium = () => NAMES.map(findOnPath).find(Boolean);

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
