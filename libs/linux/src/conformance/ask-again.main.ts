// Inside a lab machine: asks once more for a file that the kernel could not restore, in a session that another process
// holds. Arguments: that process's pid, the session's name, the token. Says `AGAIN <errno>`.
import { readdirSync } from 'node:fs';
import { closeDescriptor } from '../descriptors';
import { isLinuxError } from '../linux-error';
import { LiveUpdateSession } from '../live-update/device';
import { pidfdGetfd, pidfdOpen } from '../processes';

const [pid = '', name = '', token = ''] = process.argv.slice(2);

/** A duplicate of the descriptor that is this session; the last one to be closed ends it, so closing ours is harmless. */
function findSession(): LiveUpdateSession {
  const pidfd = pidfdOpen(Number(pid));
  for (const entry of readdirSync(`/proc/${pid}/fd`)) {
    const fd = pidfdGetfd(pidfd, Number(entry));
    const session = LiveUpdateSession.adopt(fd);
    if (nameOf(session) === name) return session;
    closeDescriptor(fd);
  }
  throw new Error(`process ${pid} holds no session ${name}`);
}

function nameOf(session: LiveUpdateSession): string | null {
  try {
    return session.getName();
  } catch (error) {
    if (isLinuxError(error)) return null;
    throw error;
  }
}

const session = findSession();
try {
  session.retrieveFd(BigInt(token));
  console.log('AGAIN ok');
} catch (error) {
  if (!isLinuxError(error)) throw error;
  console.log(`AGAIN ${error.code}`);
}
