// Getting hold of /dev/liveupdate, which one process at a time may have, and what it means when that fails.
import { setTimeout as delay } from 'node:timers/promises';
import { isLinuxError, LiveUpdateDevice } from '@luofleet/linux';
import { abortReason } from '../../commands/phase-clock';
import type { Log } from '../../log';
import { describeError, reasonOf, type Reason } from '../../model/reason';

const BACKOFF_FIRST_MS = 5;
const BACKOFF_MAX_MS = 500;
/** PID 1 opens the device for moments only; whoever holds it for longer has a reason that people must look at. */
const BUSY_LIMIT_MS = 10_000;
/** After a kexec everything is behind the device, so giving up means losing it. */
export const ARRIVAL_BUSY_LIMIT_MS = 120_000;

/**
 * Opens the device; while another process has it (EBUSY, S2) it is asked again, and `onBusy` is told the first time.
 * Throws LinuxError.
 */
export async function openDevice(
  signal?: AbortSignal,
  onBusy: () => void = () => undefined,
  busyLimitMs = BUSY_LIMIT_MS,
): Promise<LiveUpdateDevice> {
  const until = performance.now() + busyLimitMs;
  for (let waitMs = BACKOFF_FIRST_MS; ; waitMs = Math.min(waitMs * 2, BACKOFF_MAX_MS)) {
    try {
      return LiveUpdateDevice.open();
    } catch (error) {
      const goOn = isLinuxError(error, 'EBUSY') && performance.now() < until && !signal?.aborted;
      if (!goOn) throw error;
    }
    if (waitMs === BACKOFF_FIRST_MS) onBusy();
    await delay(waitMs);
  }
}

/** Opens the device for a phase; answers why it is not to be had. */
export async function takeDevice(
  signal: AbortSignal,
  log: Pick<Log, 'warn'>,
): Promise<LiveUpdateDevice | Reason> {
  try {
    return await openDevice(signal, () => log.warn('another process holds /dev/liveupdate'));
  } catch (error) {
    return signal.aborted ? abortReason(signal) : deviceReason(error);
  }
}

/** What a refused open says about the host. */
export function deviceReason(error: unknown): Reason {
  const subject = '/dev/liveupdate';
  if (isLinuxError(error, 'ENOENT')) {
    const detail =
      'this kernel has no /dev/liveupdate: it needs CONFIG_LIVEUPDATE and kho=on liveupdate=on';
    return reasonOf('DEVICE_MISSING', detail, { subject, cause: error });
  }
  if (isLinuxError(error, 'EIO')) {
    const detail =
      'what the previous kernel handed over can not be read; only a reboot makes the device usable';
    return reasonOf('MUST_REBOOT', detail, { subject, cause: error });
  }
  if (isLinuxError(error, 'EBUSY')) {
    const detail = `another process holds /dev/liveupdate and did not let go of it in time`;
    return reasonOf('DEVICE_BUSY', detail, { subject, cause: error });
  }
  return reasonOf('DEVICE_MISSING', describeError(error), { subject, cause: error });
}
