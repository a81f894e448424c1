import type { WaveResponse, WaveStateName } from '@luofleet/contracts';
import { terminalLine } from '../output/terminal-text';
import { formatCounts } from '../output/words';

/** Which waves are worth a row when there are too few rows. */
const IMPORTANCE: readonly WaveStateName[] = [
  'running',
  'failed',
  'pending',
  'cancelled',
  'succeeded',
];

const BAR_COLUMNS = 20;

/** One line a wave, in order; the less important ones are only counted when there are more than `most`. */
export function waveLines(waves: readonly WaveResponse[], most: number): string[] {
  if (waves.length <= most) return waves.map(waveLine);
  const shown = [...waves]
    .sort((a, b) => IMPORTANCE.indexOf(a.state) - IMPORTANCE.indexOf(b.state) || a.index - b.index)
    .slice(0, Math.max(0, most - 1))
    .sort((a, b) => a.index - b.index);
  return [...shown.map(waveLine), `and ${waves.length - shown.length} more waves`];
}

function waveLine({ index, state, hosts }: WaveResponse): string {
  const succeeded = hosts.byState.succeeded ?? 0;
  const filled = hosts.total === 0 ? 0 : Math.floor((BAR_COLUMNS * succeeded) / hosts.total);
  const bar = '='.repeat(filled).padEnd(BAR_COLUMNS, '-');
  const rest = formatCounts({ ...hosts.byState, succeeded: 0 });
  const phases = formatCounts(hosts.byPhase);
  return terminalLine(
    `wave ${index + 1} [${bar}] ${succeeded}/${hosts.total} ${state}` +
      `${rest === '' ? '' : `: ${rest}`}${phases === '' ? '' : ` (${phases})`}`,
  );
}
