/**
 * DOC: watching a rollout
 *
 * Purpose: stay with a rollout until it ends, and tell the caller how by the exit code.
 *
 * Happy path: read the rollout, follow its events; each event makes it read again; ends when the rollout has ended.
 * Unhappy paths: the stream breaks -> it is opened again from the last sequence seen, for RECONNECT_TRIES in a row
 * without an answer, then exit code 3. The rollout pauses -> exit code 1 with the reason, unless told to wait.
 * Ordering: the stream's first frame says where it starts; the rollout is read after it, so that no change falls between
 * the two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ENDED_ROLLOUT_STATES,
  type RolloutResponse,
  type RolloutStateName,
} from '@luofleet/contracts';
import { readEventStream, type StreamFrame } from '../api/event-stream.client';
import { CliError, EXIT } from '../cli.error';
import { formatBlackout, formatCounts, formatReason } from '../output/words';
import type { CommandContext } from './command.context';
import { createProgress, type Progress } from './watch.progress';

/** Reconnects in a row without an answer before watching is given up, and the pause before each. */
const RECONNECT_TRIES = 10;
const RECONNECT_PAUSE_MS = 1000;
/** The rollout is read this often even when no event comes. */
const REFRESH_MS = 5000;

export interface WatchOptions {
  /** Stay while the rollout is paused. */
  readonly throughPause: boolean;
}

export async function watch(
  context: CommandContext,
  name: string,
  options: WatchOptions,
): Promise<void> {
  const path = `/rollouts/${encodeURIComponent(name)}`;
  const progress = createProgress(context);
  try {
    const rollout = await follow(context, path, progress, options);
    progress.stop();
    conclude(context, rollout);
  } finally {
    progress.stop();
  }
}

const isEnded = (state: RolloutStateName): boolean =>
  ENDED_ROLLOUT_STATES.some((ended) => ended === state);

async function follow(
  context: CommandContext,
  path: string,
  progress: Progress,
  options: WatchOptions,
): Promise<RolloutResponse> {
  const read = () => context.client.request<RolloutResponse>(path, { signal: context.signal });
  let rollout = await read();
  let after: string | undefined;
  let triesLeft = RECONNECT_TRIES;
  const settled = () =>
    isEnded(rollout.state) || (rollout.state === 'paused' && !options.throughPause);
  progress.show(rollout);
  while (!settled()) {
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    try {
      for await (const frames of batches(context, { rollout: rollout.id, after }, signal, stop)) {
        for (const { event } of frames) if (event) progress.event(event);
        after = frames.findLast((frame) => frame.after !== undefined)?.after ?? after;
        rollout = await read();
        triesLeft = RECONNECT_TRIES;
        progress.show(rollout);
        if (settled()) return rollout;
      }
    } catch (error) {
      const broken = error instanceof TypeError;
      const unreachable = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if ((!broken && !unreachable) || triesLeft === 0) throw error;
      progress.note(`the control plane does not answer, trying again (${triesLeft} left)`);
    } finally {
      stop.abort();
    }
    triesLeft -= 1;
    await delay(RECONNECT_PAUSE_MS, undefined, { signal: context.signal });
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
  signal: AbortSignal,
  stop: AbortController,
): AsyncGenerator<StreamFrame[]> {
  let gathered: StreamFrame[] = [];
  let wake: () => void = () => undefined;
  const ending: { done: boolean; error?: unknown } = { done: false };
  const pump = (async () => {
    try {
      for await (const frame of readEventStream(context.client, query, signal)) {
        gathered.push(frame);
        wake();
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
      if (batch.length > 0 || !ending.done) {
        yield batch;
        continue;
      }
      if (ending.error !== undefined) throw ending.error;
      return;
    }
  } finally {
    stop.abort();
    await pump;
  }
}

function conclude(context: CommandContext, rollout: RolloutResponse): void {
  const { printer } = context;
  const counts = formatCounts(rollout.hosts.byState);
  printer.object(
    rollout,
    () =>
      `rollout ${rollout.name} ${rollout.state}: ${counts} of ${rollout.hosts.total} hosts; ` +
      `blackout ${formatBlackout(rollout.blackoutMs)}`,
  );
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
