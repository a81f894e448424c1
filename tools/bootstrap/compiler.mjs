// The C compiler for the specs of the agent's native program: one that is there, or Debian's packages, installed as root.

import { canInstall, installWithApt } from './apt-install.mjs';
import { findOnPath } from './programs.mjs';
import { SetupError } from './setup-error.mjs';

const PACKAGES = ['gcc', 'libc6-dev'];

/** Rejects with SetupError where there is none and none can be installed. */
export async function ensureCompiler({ note = () => {} } = {}) {
  if (findOnPath('gcc')) return;
  const advice = `Install it (for example: sudo apt-get install ${PACKAGES.join(' ')}).`;
  if (!canInstall()) {
    throw new SetupError("There is no gcc on PATH for the tests of the agent's native program.", {
      advice,
    });
  }
  note('Installing gcc with apt');
  await installWithApt(PACKAGES).catch((cause) => {
    throw new SetupError('gcc could not be installed with apt.', { advice, cause });
  });
}
