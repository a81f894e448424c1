// What a host finds after a live update into a kernel that does not fit, inside a lab machine. The case comes with the
// kernel's command line (`next.case=`). Says `NEXT <case> <what opening the device and retrieving the session gave>`.
import { readFileSync } from 'node:fs';
import { rebootIntoStagedKernel, stageKernel } from '../kexec';
import { isLinuxError } from '../linux-error';
import { LiveUpdateDevice, type LiveUpdateSession } from '../live-update/device';
import { memfdCreate } from '../memfd';

const SESSIONS_PER_BLOCK = 51;
const commandLine = readFileSync('/proc/cmdline', 'utf8').trim();
const name = /next\.case=(\S+)/.exec(commandLine)?.[1] ?? 'none';

function outcomeOf(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    if (isLinuxError(error)) return error.code;
    throw error;
  }
}

/** Every case preserves one memfd in session `kept`. */
function prepare(device: LiveUpdateDevice): LiveUpdateSession[] {
  const sessions = [device.createSession('kept')];
  sessions[0]?.preserveFd(1n, memfdCreate('kept', { size: 4096 }));
  if (name === 'duplicate-name') {
    for (let i = 1; i < SESSIONS_PER_BLOCK; i += 1) sessions.push(device.createSession(`s${i}`));
    console.log(
      'PREPARED',
      outcomeOf(() => device.createSession('kept')),
    );
  }
  return sessions;
}

function nextCommandLine(): string {
  const next = `${commandLine} next.stage=2`;
  if (name === 'live-update-off') return next.replace('liveupdate=on', '');
  if (name === 'handover-off') return next.replace('kho=on', 'kho=off');
  return next;
}

if (commandLine.includes('next.stage=2')) {
  let device: LiveUpdateDevice | undefined;
  const opened = outcomeOf(() => (device = LiveUpdateDevice.open()));
  const again = outcomeOf(() => LiveUpdateDevice.open());
  const retrieved = device === undefined ? '-' : outcomeOf(() => device?.retrieveSession('kept'));
  console.log('NEXT', name, opened, again, retrieved);
} else {
  const device = LiveUpdateDevice.open();
  const sessions = prepare(device);
  stageKernel({ kernelPath: `/app/bzImage-${name}`, commandLine: nextCommandLine() });
  console.log('REBOOT with', sessions.length);
  rebootIntoStagedKernel();
}
