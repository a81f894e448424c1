/**
 * DOC: watching a rollout
 *
 * Purpose: stay with a rollout until it ends, and tell the caller how by the exit code.
 *
 * Happy path: read the rollout, follow its events; each event makes it read again; ends when the rollout has ended.
 * Unhappy paths: the stream breaks -> it is opened again from the last sequence seen, for RECONNECT_TRIES in a row
 * without an answer, then exit code 3. The rollout pauses -> exit code 1 with the reason, unless told to wait.
 * Ordering: the stream is opened before the rollout is read, so that no change falls between the two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ENDED_ROLLOUT_STATES,
  type EventResponse,
  type RolloutResponse,
  type RolloutStateName,
} from '@luofleet/contracts';
import { readEventStream } from '../api/event-stream.client';
import { CliError, EXIT } from '../cli.error';
import { formatBlackout, formatCounts, formatReason } from '../output/words';
import type { CommandContext } from './command.context';
import { createProgress, type Progress } from './watch.progress';

/** Reconnects in a row without an answer before watching is given up, and the pause before each. */
const RECONNECT_TRIES = 10;
const RECONNECT_PAUSE_MS = 1000;

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
  let after: number | undefined;
  let triesLeft = RECONNECT_TRIES;
  const settled = () =>
    isEnded(rollout.state) || (rollout.state === 'paused' && !options.throughPause);
  progress.show(rollout);
  while (!settled()) {
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    try {
      for await (const events of batches(context, { rollout: rollout.id, after }, signal, stop)) {
        triesLeft = RECONNECT_TRIES;
        for (const event of events) progress.event(event);
        after = events.at(-1)?.sequence ?? after;
        rollout = await read();
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
 * Events as they come, gathered while the one before was worked on; the first batch is empty and comes as soon as the
 * stream is open, so that the caller reads what happened before.
 */
async function* batches(
  context: CommandContext,
  query: { rollout: string; after: number | undefined },
  signal: AbortSignal,
  stop: AbortController,
): AsyncGenerator<EventResponse[]> {
  const stream = readEventStream(context.client, query, signal);
  let gathered: EventResponse[] = [];
  let wake: () => void = () => undefined;
  let ended: { error?: unknown } | null = null;
  const pump = (async () => {
    for await (const event of stream) {
      gathered.push(event);
      wake();
    }
  })().then(
    () => (ended = {}),
    (error: unknown) => (ended = { error }),
  );
  void pump.then(() => wake());
  try {
    yield [];
    for (;;) {
      if (gathered.length > 0) {
        const batch = gathered;
        gathered = [];
        yield batch;
        continue;
      }
      const end = ended as { error?: unknown } | null;
      if (end) {
        if (end.error !== undefined) throw end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (gathered.length > 0 || ended) resolve();
      });
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
