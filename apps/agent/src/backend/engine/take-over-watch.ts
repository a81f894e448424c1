// Who watches a next image that starts and then hangs: the kernel. Nobody else is left, since execve has replaced everything.
//
// Happy path: the alarm is set right before execve, which keeps it, and taken back once retrieve has ended.
// Unhappy paths: an image that has not come so far in its time ends by SIGALRM, whatever it does; the agent is then started
// again like after any crash, as the image before it, and the old instances of the workloads serve.
// Ordering: only for an image that says that it takes the alarm back; an older one would be ended by it while it serves.
import { setAlarm } from '@luofleet/linux';

/** What loading an image, and letting the old instances serve where new ones do not come up, take at most. */
const RESERVE_MS = 30_000;

export const watchTakeOver = (startTimeoutMs: number): void =>
  setAlarm(Math.ceil((startTimeoutMs + RESERVE_MS) / 1000));

export const endWatch = (): void => setAlarm(0);
