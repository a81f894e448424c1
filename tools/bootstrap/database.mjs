// One connection to a Postgres, for the tools.
//
// Happy path: connected, handed to `work`, closed.
// Unhappy paths: an address that is none, a server that can not be reached or says nothing, an answer that does not come, a
// connection that breaks: each ends by its limit with a SetupError that names the place, never the password.

import { SetupError } from './setup-error.mjs';

const CONNECT_LIMIT_MS = 15_000;
const ANSWER_LIMIT_MS = 60_000;
/** For the server to say good-bye, and to give up what took too long before we do. */
const GRACE_MS = 5000;
const ADVICE =
  'Check DATABASE_URL, for example postgresql://user:password@127.0.0.1:5432/luofleet.';

/**
 * Resolves to what `work(client, where)` resolves to; `where` names the database for people.
 * `answerLimitMs` is for one query.
 */
export async function withDatabase(url, limits, work) {
  const { connectLimitMs = CONNECT_LIMIT_MS, answerLimitMs = ANSWER_LIMIT_MS } = limits;
  const where = placeOf(url);
  const { default: pg } = await import('pg'); // not before dependencies are installed
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectLimitMs,
    query_timeout: answerLimitMs + GRACE_MS,
    keepAlive: true,
  });
  client.on('error', () => {}); // the query under way fails with it, or the next one
  try {
    await client.connect();
  } catch (cause) {
    await close(client);
    throw new SetupError(`Postgres at ${where} cannot be reached.`, { cause, advice: ADVICE });
  }
  try {
    await client.query("SELECT set_config('statement_timeout', $1, false)", [
      String(answerLimitMs),
    ]);
    return await work(client, where);
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw new SetupError(`The database at ${where} did not do what it was asked.`, { cause });
  } finally {
    await close(client);
  }
}

/** Host and database of an address. */
function placeOf(url) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!['postgres:', 'postgresql:'].includes(parsed?.protocol))
    throw new SetupError('That is no address of a Postgres database.', { advice: ADVICE });
  const { host, pathname, searchParams } = parsed;
  return `${host || searchParams.get('host') || 'localhost'}${pathname}`;
}

async function close(client) {
  const timer = setTimeout(() => client.connection.stream.destroy(), GRACE_MS);
  await client.end().catch(() => {});
  clearTimeout(timer);
}
