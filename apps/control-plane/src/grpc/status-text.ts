import type { LuofleetError } from '@luofleet/platform';
import { cleanText } from '@luofleet/platform/text';

/** Goes into one HTTP/2 header, percent-encoded; more would be refused on the way. */
const LENGTH_MAX = 1000;

/** What a call ends with. A header can not carry broken UTF-16 at all: the server would fail instead of the call. */
export function statusText(error: LuofleetError): string {
  return cleanText(error.message, LENGTH_MAX);
}
