// How SIGTERM and SIGINT end the agent.
//
// Happy path: no new commands, the phase under way ends, workloads stop, the journal closes, exit code 0.
// Unhappy paths: a phase that takes longer than the grace has its signal aborted, and is left alone when it does not heed
// that; what then still does not end by the limit is left as it is, and the exit code is 1. A second signal ends at once.
// Over an execve or a kexec: a signal that was told before the last look, which is the last thing before the point of no return,
// stops the crossing, and the agent ends as above. One that comes after it ends the process at once, as SIGKILL would, until it
// has become another program that listens; the next start makes up for that as for any crash. None is lost.
// Ordering: as above; each part may rely on the later ones still being there.
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { defaultSignal } from '@luofleet/linux';
import type { Log } from '../log';
import { describeError } from '../model/reason';

export interface Stoppable {
  closeLink(): void;
  /** Resolves when the phase under way has ended, which is told to after `graceMs`. */
  closeExecutor(graceMs: number): Promise<void>;
  stopWorkloads(): Promise<void>;
  closeRest(): void;
}

/** Beyond what phase and workloads may take: to write, close and kill. */
const RESERVE_MS = 10_000;

/** `stopTimeoutMs` is the grace of a phase, and of the workloads. */
export async function stopInOrder(
  parts: Stoppable,
  stopTimeoutMs: number,
  log: Pick<Log, 'warn'>,
): Promise<void> {
  parts.closeLink();
  const phase = parts.closeExecutor(stopTimeoutMs).then(() => true);
  if (!(await Promise.race([phase, over(2 * stopTimeoutMs)])))
    log.warn('the phase under way does not end; stopping without it', { stopTimeoutMs });
  await parts.stopWorkloads();
  parts.closeRest();
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * First signal: ordered end, or an end by the limit. The second one ends at once.
 * Answers with the last look: resolves with whether a signal was heard. Until the next turn of the event loop one that comes
 * ends the process at once.
 */
export function stopOnSignal(
  log: Log,
  stopTimeoutMs: number,
  parts: Stoppable,
): () => Promise<boolean> {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info('stopping', { signal });
    const limitMs = 3 * stopTimeoutMs + RESERVE_MS;
    const late = over(limitMs).then(() => {
      throw new Error(`it takes longer than ${limitMs} ms`);
    });
    Promise.race([stopInOrder(parts, stopTimeoutMs, log), late]).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('could not stop in order', { error: describeError(error) });
        process.exit(1);
      },
    );
  };
  const listen = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal).on(signal, onSignal);
  };
  listen();
  return async () => {
    for (const signal of SIGNALS) defaultSignal(signal);
    // What was caught is heard by a whole turn; the one under way may have looked for it already.
    await nextTurn();
    await nextTurn();
    setImmediate(listen);
    return stopping;
  };
}

const over = (ms: number): Promise<false> => delay(ms, false as const, { ref: false });
