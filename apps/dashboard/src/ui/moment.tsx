import { formatAge, formatMoment, formatTimeOfDay } from '../format/time';
import { useNowMs } from './now';

interface MomentProps {
  /** RFC 3339, or null for what has not happened. */
  readonly at: string | null;
  /** `age` alone for dense rows; the whole moment is always in the title. */
  readonly show?: 'age' | 'time' | 'moment';
}

/** A time with its zone and its age. */
export function Moment({ at, show = 'moment' }: MomentProps) {
  const nowMs = useNowMs();
  if (at === null) return <span className="muted">never</span>;
  const atMs = Date.parse(at);
  const whole = formatMoment(atMs);
  const age = formatAge(atMs, nowMs);
  if (show === 'age')
    return (
      <time dateTime={at} title={whole}>
        {age}
      </time>
    );
  return (
    <time dateTime={at} title={`${whole} (${at})`} className="moment">
      {show === 'time' ? formatTimeOfDay(atMs) : whole} <span className="muted">{age}</span>
    </time>
  );
}
