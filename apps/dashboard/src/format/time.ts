/** Times as people read them. Every function takes the present as an argument, so that it always gives the same. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `12 d ago`; `in 5 s` for what is to come. */
export function formatAge(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  const span = formatSpan(Math.abs(ageMs));
  if (Math.abs(ageMs) < 2 * SECOND_MS) return 'just now';
  return ageMs > 0 ? `${span} ago` : `in ${span}`;
}

function formatSpan(spanMs: number): string {
  if (spanMs < MINUTE_MS) return `${Math.floor(spanMs / SECOND_MS)} s`;
  if (spanMs < HOUR_MS) return `${Math.floor(spanMs / MINUTE_MS)} min`;
  if (spanMs < 2 * DAY_MS) return `${Math.floor(spanMs / HOUR_MS)} h`;
  return `${Math.floor(spanMs / DAY_MS)} d`;
}

/** How long something took or has taken: `840 ms`, `12.4 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatElapsed(elapsedMs: number): string {
  if (elapsedMs < SECOND_MS) return `${Math.max(0, Math.round(elapsedMs))} ms`;
  if (elapsedMs < MINUTE_MS) return `${(elapsedMs / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.floor(elapsedMs / SECOND_MS);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A blackout: three digits that matter, `4.82 ms`, `41.3 ms`, `512 ms`, `1.21 s`. */
export function formatBlackout(blackoutMs: number): string {
  if (blackoutMs >= SECOND_MS) return `${(blackoutMs / SECOND_MS).toPrecision(3)} s`;
  return `${blackoutMs < 100 ? blackoutMs.toPrecision(3) : Math.round(blackoutMs)} ms`;
}

/** Date and time with its zone, `24 Nov 2026, 00:31:05 GMT+1`; without a zone given, the reader's. */
export function formatMoment(atMs: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(atMs);
}

/** Time of day with its zone, for rows of a list whose day is near; the whole moment goes beside it as a title. */
export function formatTimeOfDay(atMs: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(atMs);
}
