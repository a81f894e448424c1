// Follows a rollout to its end and shows it: one line that is drawn again on a terminal, one line a change elsewhere.

const LOOK_EVERY_MS = 200;
const BAR_WIDTH = 24;
const ENDED = new Set(['succeeded', 'failed', 'aborted']);

/**
 * Resolves to the rollout once it has ended, or is paused and nothing moves any more when `untilPaused`.
 * @param {(text: string) => void} write gets whole lines, or with `inPlace` what replaces the current line
 */
export async function watchRollout(
  rest,
  id,
  { write, inPlace = false, untilPaused = false, signal },
) {
  let shown = '';
  for (;;) {
    const rollout = await rest.get(`/rollouts/${id}`);
    const line = describeProgress(rollout);
    if (line !== shown) write(inPlace ? `\r\x1b[K${line}` : `${line}\n`);
    shown = line;
    if (ENDED.has(rollout.state) || (untilPaused && isAtRest(rollout))) {
      if (inPlace) write('\n');
      return rollout;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (signal?.aborted) return rollout;
  }
}

function isAtRest({ state, hosts }) {
  const underWay = ['running', 'rolling-back', 'held'].some(
    (name) => (hosts.byState[name] ?? 0) > 0,
  );
  return state === 'paused' && !underWay;
}

/** One line about where a rollout is. */
export function describeProgress({ name, state, hosts, waves, blackoutMs, report }) {
  const done = hosts.byState.succeeded ?? 0;
  const filled = hosts.total === 0 ? 0 : Math.floor((done / hosts.total) * BAR_WIDTH);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}`;
  const wave = waves.findIndex((one) => one.state === 'running');
  const phases = Object.entries(hosts.byPhase).filter(([, count]) => count > 0);
  const others = Object.entries(hosts.byState).filter(
    ([kind, count]) => count > 0 && !['pending', 'running', 'succeeded'].includes(kind),
  );
  return [
    `${name} [${bar}] ${done}/${hosts.total} ${state}`,
    wave >= 0 ? `wave ${wave + 1} of ${waves.length}` : '',
    ...phases.map(([phase, count]) => `${phase} ${count}`),
    ...others.map(([kind, count]) => `${kind} ${count}`),
    blackoutMs.max === null
      ? ''
      : `blackout p50 ${Math.round(blackoutMs.p50)} ms, max ${Math.round(blackoutMs.max)} ms`,
    state === 'paused' ? report.headline : '',
  ]
    .filter(Boolean)
    .join(' · ');
}
