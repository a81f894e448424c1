import type { HostCountsResponse } from '@luofleet/contracts';
import { formatCount, percentOf } from '../format/quantity';
import { HOST_UPDATE_TONES } from '../state/tone';
import { ToneMark } from '../ui/state-badge';
import { barSegments, updatedTotal } from './rollout.figures';

interface ProgressBarProps {
  readonly label: string;
  readonly hosts: HostCountsResponse;
}

/** How far host updates are, one segment a state. */
export function ProgressBar({ label, hosts }: ProgressBarProps) {
  const updated = updatedTotal(hosts);
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={hosts.total}
      aria-valuenow={updated}
      aria-valuetext={`${updated} of ${hosts.total} updated, ${percentOf(updated, hosts.total)}%`}
    >
      {barSegments(hosts).map(({ state, count }) => (
        <span
          key={state}
          className={`progress-part tone-${HOST_UPDATE_TONES[state]}`}
          style={{ flexGrow: count }}
          title={`${formatCount(count)} ${state}`}
        />
      ))}
    </div>
  );
}

/** The counts of a progress bar in words. */
export function ProgressLegend({ hosts }: { readonly hosts: HostCountsResponse }) {
  return (
    <ul className="legend">
      {barSegments(hosts).map(({ state, count }) => (
        <li key={state}>
          <ToneMark tone={HOST_UPDATE_TONES[state]} />
          {formatCount(count)} {state}
        </li>
      ))}
    </ul>
  );
}
