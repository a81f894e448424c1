// The few REST calls of the control plane that `npm start` makes.

import { SetupError } from './setup-error.mjs';
import { terminalText } from './terminal-text.mjs';

const TIMEOUT_MS = 30_000;

/** A client of the control plane at `baseUrl`. */
export function restClient(baseUrl) {
  async function call(method, path, body) {
    const response = await fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const read = await response.json().catch(() => undefined);
    if (response.ok && read !== undefined) return displayable(read);
    const answer = displayable(read ?? { detail: 'no JSON' });
    const fields = (answer.errors ?? []).map(({ path: where, message }) => `${where}: ${message}`);
    const said = [answer.detail ?? answer.title, ...fields].filter(Boolean).join('; ');
    throw new SetupError(`${method} ${path} was answered with ${response.status}: ${said}`);
  }
  return { get: (path) => call('GET', path), post: (path, body) => call('POST', path, body) };
}

/** What is answered is only shown, in one line: no text in it, names of fields too, can do harm to a terminal. */
function displayable(value) {
  if (typeof value === 'string') return terminalText(value, 'one');
  if (Array.isArray(value)) return value.map(displayable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [terminalText(key, 'one'), displayable(one)]),
  );
}
