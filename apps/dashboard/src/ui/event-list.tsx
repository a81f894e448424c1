import { useState } from 'react';
import type { EventResponse } from '@luofleet/contracts';
import { countOf } from '../format/quantity';
import { Moment } from './moment';

const SHOWN_AT_FIRST = 15;

/** Events, newest first. */
export function EventList({ events }: { readonly events: readonly EventResponse[] }) {
  const [all, setAll] = useState(false);
  if (events.length === 0) return <p className="muted">Nothing has happened yet.</p>;
  const newestFirst = events.toReversed();
  const shown = all ? newestFirst : newestFirst.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <ol className="events">
        {shown.map(({ sequence, at, kind, message, reasonCode }) => (
          <li key={sequence}>
            <Moment at={at} show="time" />
            <code>{kind}</code>
            <span>
              {message}
              {reasonCode !== '' && <code className="event-reason">{reasonCode}</code>}
            </span>
          </li>
        ))}
      </ol>
      {events.length > shown.length && (
        <button type="button" className="button is-quiet" onClick={() => setAll(true)}>
          Show {countOf(events.length - shown.length, 'more event')}
        </button>
      )}
    </>
  );
}
