// The browser for the dashboard's tests: one that is there, or Debian's package, installed as root.

import { canInstall, installWithApt } from './apt-install.mjs';
import { findOnPath } from './programs.mjs';
import { SetupError } from './setup-error.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ADVICE =
  'Install Chromium (for example: sudo apt-get install chromium), or set CHROMIUM_PATH to a browser.';

/** The path of a Chromium. */
export async function ensureChromium({ note = () => {} } = {}) {
  const found = process.env.CHROMIUM_PATH ?? findChromium();
  if (found) return found;
  if (!canInstall())
    throw new SetupError('There is no Chromium on PATH for the dashboard tests.', {
      advice: ADVICE,
    });
  note('Installing Chromium with apt');
  await installWithApt(['chromium']).catch((cause) => {
    throw new SetupError('Chromium could not be installed with apt.', { advice: ADVICE, cause });
  });
  return findChromium();
}

const findChromium = () => NAMES.map(findOnPath).find(Boolean);
