import { Link } from 'react-router';
import type { RolloutResponse, WaitingResponse } from '@luofleet/contracts';
import { countOf } from '../format/quantity';
import { Moment } from '../ui/moment';
import { groupWaiting, type WaitingGroup } from './rollout.figures';

/** Entries of one reason shown before the rest is folded away. */
const SHOWN_AT_ONCE = 4;
/** Entries put into the page when a reason is unfolded; the matrix below has every host. */
const SHOWN_AT_MOST = 200;

/** What does not move and why: codes and sentences exactly as the stored report has them. */
export function WaitingReport({ report }: { readonly report: RolloutResponse['report'] }) {
  if (report.waiting.length === 0) return <p className="muted">Nothing waits.</p>;
  return (
    <ul className="waiting">
      {groupWaiting(report).map((group) => (
        <WaitingGroupItem key={group.code} group={group} />
      ))}
    </ul>
  );
}

function WaitingGroupItem({ group: { code, entries, leftOut } }: { readonly group: WaitingGroup }) {
  const [first, folded] = [entries.slice(0, SHOWN_AT_ONCE), entries.slice(SHOWN_AT_ONCE)];
  const unlisted = Math.max(0, folded.length - SHOWN_AT_MOST) + leftOut;
  return (
    <li className="waiting-group">
      <p className="waiting-code">
        <code>{code}</code>
        {entries.length + leftOut > 1 && (
          <span className="muted">{countOf(entries.length + leftOut, 'entry', 'entries')}</span>
        )}
      </p>
      <WaitingEntries entries={first} />
      {folded.length > 0 && (
        <details>
          <summary>{countOf(folded.length + leftOut, 'more', 'more')}</summary>
          <WaitingEntries entries={folded.slice(0, SHOWN_AT_MOST)} />
          {unlisted > 0 && <p className="muted">and {countOf(unlisted, 'other')}</p>}
        </details>
      )}
    </li>
  );
}

function WaitingEntries({ entries }: { readonly entries: readonly WaitingResponse[] }) {
  return (
    <ul>
      {entries.map(({ subject, id, name, reason, until }) => (
        <li key={`${subject} ${id}`}>
          {subject === 'host-update' ? (
            <Link to={`/hosts/${name}`}>{name}</Link>
          ) : (
            <strong>{subject === 'rollout' ? `rollout ${name}` : name}</strong>
          )}
          <span>
            {reason.detail}
            {until !== null && (
              <span className="muted">
                {' '}
                · until <Moment at={until} show="time" />
              </span>
            )}
            {reason.subject && <span className="muted"> ({reason.subject})</span>}
            {reason.errnoCode && <code className="errno">{reason.errnoCode}</code>}
          </span>
        </li>
      ))}
    </ul>
  );
}
