/**
 * DOC: watching a rollout
 *
 * Purpose: stay with a rollout until it ends, and tell the caller how by the exit code.
 *
 * Happy path: read the rollout, follow its events; each event makes it read again; ends when the rollout has ended.
 * Unhappy paths: the stream breaks or falls silent -> it is opened again from where it stood, for RECONNECT_TRIES in a row
 * without an answer, then exit code 3. What the place was in is another database now -> the stream is followed from its
 * newest event on. The rollout pauses -> exit code 1 with the reason, unless told to wait.
 * Ordering: the stream's first frame says where it starts; the rollout is read after it, so that no change falls between
 * the two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ENDED_ROLLOUT_STATES,
  type RolloutResponse,
  rolloutSchema,
  type RolloutStateName,
} from '@luofleet/contracts';
import type { ErrorCode } from '@luofleet/platform';
import { pathPart } from '../api/path-part';
import { readEventStream, type StreamFrame } from '../api/event-stream.client';
import { CliError, EXIT } from '../cli.error';
import { formatBlackout, formatCounts, formatReason } from '../output/words';
import type { CommandContext } from './command.context';
import { createProgress, type Progress } from './watch.progress';

/** Reconnects in a row without an answer before watching is given up. */
const RECONNECT_TRIES = 10;
/** Code of the answer where the record of events is another one than the one a place was in. */
const CURSOR_EXPIRED = 'CURSOR_EXPIRED' satisfies ErrorCode;
/** The rollout is read this often even when no event comes. */
const REFRESH_MS = 5000;
/** Frames gathered while the rollout is read; the stream waits when there are more. */
const GATHERED_MAX = 1000;

export interface WatchOptions {
  /** Stay while the rollout is paused. */
  readonly throughPause: boolean;
}

export async function watch(
  context: CommandContext,
  name: string,
  options: WatchOptions,
): Promise<void> {
  const path = `/rollouts/${pathPart(name)}`;
  const progress = createProgress(context);
  conclude(context, await follow(context, path, progress, options));
}

const isEnded = (state: RolloutStateName): boolean =>
  ENDED_ROLLOUT_STATES.some((ended) => ended === state);

async function follow(
  context: CommandContext,
  path: string,
  progress: Progress,
  options: WatchOptions,
): Promise<RolloutResponse> {
  const read = () => context.client.request(path, rolloutSchema);
  let rollout = await read();
  let after: string | undefined;
  let triesLeft = RECONNECT_TRIES;
  const settled = () =>
    isEnded(rollout.state) || (rollout.state === 'paused' && !options.throughPause);
  progress.show(rollout);
  while (!settled()) {
    const stop = new AbortController();
    // Goes with the stream, where `AbortSignal.any` would leave something behind at the command's signal for each of them.
    const interrupt = () => stop.abort(context.signal.reason);
    context.signal.addEventListener('abort', interrupt, { signal: stop.signal });
    if (context.signal.aborted) interrupt();
    try {
      for await (const frames of batches(context, { rollout: rollout.id, after }, stop)) {
        for (const { event } of frames) if (event) progress.event(event);
        after = frames.findLast((frame) => frame.after !== undefined)?.after ?? after;
        rollout = await read();
        triesLeft = RECONNECT_TRIES;
        progress.show(rollout);
        if (settled()) return rollout;
      }
      throw new CliError(EXIT.unreachable, 'the control plane has ended the event stream');
    } catch (error) {
      if (!(error instanceof CliError) || context.signal.aborted || triesLeft === 0) throw error;
      if (error.code === CURSOR_EXPIRED) after = undefined;
      else if (error.exitCode !== EXIT.unreachable) throw error;
      const [what] = error.message.split(/[;.] /);
      progress.note(`${what}; trying again (${triesLeft} left)`);
    } finally {
      stop.abort();
    }
    triesLeft -= 1;
    await delay(context.patience.reconnectPauseMs, undefined, { signal: context.signal });
  }
  return rollout;
}

/**
 * Frames as they come, gathered while those before were worked on. An empty batch comes every REFRESH_MS, so that a
 * stream that died without saying so does not hide the end of the rollout.
 */
async function* batches(
  context: CommandContext,
  query: { rollout: string; after: string | undefined },
  stop: AbortController,
): AsyncGenerator<StreamFrame[]> {
  const { signal } = stop;
  let gathered: StreamFrame[] = [];
  let wake: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const ending: { done: boolean; error?: unknown } = { done: false };
  const pump = (async () => {
    try {
      const { client, patience } = context;
      for await (const frame of readEventStream(client, query, patience.streamSilenceMs, signal)) {
        gathered.push(frame);
        wake();
        if (gathered.length >= GATHERED_MAX && !signal.aborted)
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
      }
    } catch (error) {
      ending.error = error;
    }
    ending.done = true;
    wake();
  })();
  try {
    for (;;) {
      if (gathered.length === 0 && !ending.done)
        await new Promise<void>((resolve) => {
          const refresh = setTimeout(resolve, REFRESH_MS);
          wake = () => {
            clearTimeout(refresh);
            resolve();
          };
        });
      const batch = gathered;
      gathered = [];
      goOn();
      if (batch.length > 0 || !ending.done) {
        yield batch;
        continue;
      }
      if (ending.error !== undefined) throw ending.error;
      return;
    }
  } finally {
    stop.abort();
    goOn();
    await pump;
  }
}

function conclude(context: CommandContext, rollout: RolloutResponse): void {
  const { printer } = context;
  const counts = formatCounts(rollout.hosts.byState);
  printer.object(rollout, () => [
    `rollout ${rollout.name} ${rollout.state}: ${counts} of ${rollout.hosts.total} hosts; ` +
      `blackout ${formatBlackout(rollout.blackoutMs)}`,
  ]);
  if (rollout.state === 'succeeded') return;
  const reason = formatReason(rollout.reason);
  const next =
    rollout.state === 'paused'
      ? `; see "luofleet describe rollout ${rollout.name}", then resume, retry or abort it`
      : '';
  throw new CliError(
    EXIT.failed,
    `rollout ${rollout.name} is ${rollout.state}${reason === '' ? '' : ` (${reason})`}${next}`,
  );
}
