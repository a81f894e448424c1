import type { WaveResponse } from '@luofleet/contracts';
import { countOf, formatCount } from '../format/quantity';
import { rolloutTone } from '../state/tone';
import { StateBadge } from '../ui/state-badge';
import { ProgressBar } from './progress-bar';
import { updatedTotal } from './rollout.figures';

interface WaveListProps {
  readonly waves: readonly WaveResponse[];
  readonly selected: number | null;
  readonly onSelect: (waveIndex: number | null) => void;
}

/** The waves in order; choosing one narrows the matrix to its hosts. */
export function WaveList({ waves, selected, onSelect }: WaveListProps) {
  return (
    <ol className="waves">
      {waves.map((wave) => (
        <li key={wave.index} data-wave={wave.index} data-state={wave.state}>
          <button
            type="button"
            className="wave"
            aria-pressed={selected === wave.index}
            onClick={() => onSelect(selected === wave.index ? null : wave.index)}
          >
            <span className="wave-head">
              <strong>Wave {wave.index + 1}</strong>
              <StateBadge tone={rolloutTone(wave.state)}>{wave.state}</StateBadge>
            </span>
            <ProgressBar label={`Wave ${wave.index + 1}`} hosts={wave.hosts} />
            <span className="muted">
              {formatCount(updatedTotal(wave.hosts))} of {countOf(wave.hosts.total, 'host')} updated
            </span>
            {wave.reason !== null && <span className="wave-reason">{wave.reason.detail}</span>}
          </button>
        </li>
      ))}
    </ol>
  );
}
