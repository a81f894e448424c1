// Postgres refuses to run as root. Root therefore runs it as a user without rights that the machine already has.

import { readFileSync } from 'node:fs';
import { SetupError } from './setup-error.mjs';

/** uid and gid to run Postgres under: none of ours when not root. */
export function choosePostgresUser() {
  if (process.getuid() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  // initdb wants the user to have a name, so a bare number would not do.
  const user = ['postgres', 'nobody']
    .map((name) => users.find((one) => one.name === name))
    .find((one) => one && one.uid > 0);
  if (!user) {
    throw new SetupError(
      'Postgres refuses to run as root, and this machine has neither a user postgres nor nobody.',
      {
        advice: 'Add one (useradd --system postgres), run as another user, or set DATABASE_URL.',
      },
    );
  }
  return { uid: user.uid, gid: user.gid };
}
