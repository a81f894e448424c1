import { Link } from 'react-router';
import type { WaitingResponse } from '@luofleet/contracts';
import { countOf } from '../format/quantity';
import { groupWaiting, type WaitingGroup } from './rollout.figures';

/** Entries of one reason shown before the rest is folded away. */
const SHOWN_AT_ONCE = 4;
/** Entries put into the page when a reason is unfolded; the matrix below has every host. */
const SHOWN_AT_MOST = 200;

/** What does not move and why: codes and sentences exactly as the stored report has them. */
export function WaitingReport({ waiting }: { readonly waiting: readonly WaitingResponse[] }) {
  return (
    <ul className="waiting">
      {groupWaiting(waiting).map((group) => (
        <WaitingGroupItem key={group.code} group={group} />
      ))}
    </ul>
  );
}

function WaitingGroupItem({ group: { code, entries } }: { readonly group: WaitingGroup }) {
  const [first, folded] = [entries.slice(0, SHOWN_AT_ONCE), entries.slice(SHOWN_AT_ONCE)];
  return (
    <li className="waiting-group">
      <p className="waiting-code">
        <code>{code}</code>
        {entries.length > 1 && (
          <span className="muted">{countOf(entries.length, 'entry', 'entries')}</span>
        )}
      </p>
      <WaitingEntries entries={first} />
      {folded.length > 0 && (
        <details>
          <summary>{countOf(folded.length, 'more', 'more')}</summary>
          <WaitingEntries entries={folded.slice(0, SHOWN_AT_MOST)} />
          {folded.length > SHOWN_AT_MOST && (
            <p className="muted">and {countOf(folded.length - SHOWN_AT_MOST, 'other')}</p>
          )}
        </details>
      )}
    </li>
  );
}

function WaitingEntries({ entries }: { readonly entries: readonly WaitingResponse[] }) {
  return (
    <ul>
      {entries.map(({ subject, id, name, reason }) => (
        <li key={`${subject} ${id}`}>
          {subject === 'host-update' ? (
            <Link to={`/hosts/${name}`}>{name}</Link>
          ) : (
            <strong>{subject === 'rollout' ? `rollout ${name}` : name}</strong>
          )}
          <span>
            {reason.detail}
            {reason.subject && <span className="muted"> ({reason.subject})</span>}
            {reason.errnoCode && <code className="errno">{reason.errnoCode}</code>}
          </span>
        </li>
      ))}
    </ul>
  );
}
