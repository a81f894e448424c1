import type { EventResponse } from '@luofleet/contracts';
import type { EventRecord } from '@luofleet/persistence';

/** An event as answers write it. */
export function eventView(event: EventRecord): EventResponse {
  return {
    ...event,
    sequence: Number(event.sequence),
    at: event.at.toISOString(),
    data: { ...event.data },
  };
}
