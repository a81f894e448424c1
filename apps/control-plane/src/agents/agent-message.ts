/**
 * DOC: what agents say, fit for the record
 *
 * Purpose: a host or a workload may say anything, and some do by mistake. Right after decoding, once, every text and number
 * of a message becomes one that Postgres stores and a page shows: nothing is lost but the harm, and no stream ends for it.
 *
 * Happy path: a sound message comes out as it went in.
 * Unhappy paths: harmful characters become visible escapes; what is too long is cut and says so; a number beyond what its
 * column holds becomes the nearest that it does, a moment that is none becomes unknown (0); labels that no selector could
 * name are left out and told of. Idempotency keys stay as they are: an agent knows its command by nothing else.
 */
import { cleanName, cleanText, isPlainText } from '@luofleet/platform/text';
import { type ConnectRequest, fitResult, type Hello } from '@luofleet/proto';
import { LABELS_MAX, labelFault, parseIdempotencyKey } from '@luofleet/rollout';

export type AgentMessage = NonNullable<ConnectRequest['message']>;

const LINE_LENGTH_MAX = 255;
/** Names of descriptors have up to 255 characters of up to two UTF-16 units. */
const NAME_LENGTH_MAX = 512;
/** Sentences for people, with the causes. */
const DETAIL_LENGTH_MAX = 4000;
/** Handlers, workloads and their like; a host has dozens. */
const LIST_LENGTH_MAX = 1024;

const DETAILS: ReadonlySet<string> = new Set(['detail']);
const NAMES: ReadonlySet<string> = new Set([
  ...['name', 'workload', 'workloads', 'failureDomain', 'subject'],
]);
/** As they are: whoever uses one checks its form. */
const KEYS: ReadonlySet<string> = new Set(['idempotencyKey']);
const LISTS: ReadonlySet<string> = new Set([
  'handlers',
  'capabilities',
  'workloads',
  'openCommandKeys',
]);

/** More attempts than any host ever has, and far enough from the end of a bigint to count on from it. */
const GENERATION_MAX = 2n ** 52n;
const SIZE_BYTES_MAX = BigInt(Number.MAX_SAFE_INTEGER);
/** The end of the year 9999. */
const MOMENT_MS_MAX = 253_402_300_799_999n;
const DURATION_MS_MAX = Number.MAX_SAFE_INTEGER;

const least = (value: bigint, max: bigint): bigint => (value < 0n ? 0n : value > max ? max : value);
const moment = (ms: bigint): bigint => (ms < 0n || ms > MOMENT_MS_MAX ? 0n : ms);

/** Names of the engine, in columns that hold every u64. Whatever else is one has to fit into 64 bits with a sign. */
const WHOLE_U64: ReadonlySet<string> = new Set(['token', 'dataHandle']);
const BIGINT_MAX = 2n ** 63n - 1n;

const INTEGERS: Readonly<Record<string, (value: bigint) => bigint>> = {
  generation: (value) => least(value, GENERATION_MAX),
  streamNumber: (value) => least(value, GENERATION_MAX),
  sizeBytes: (value) => least(value, SIZE_BYTES_MAX),
  startedAtMs: moment,
  finishedAtMs: moment,
  frozenAtMs: moment,
  resumedAtMs: moment,
};

/** A request with no more files than one result may have. Older agents know no limit. */
export function limitFiles({ message }: ConnectRequest): ConnectRequest {
  return message?.$case === 'commandResult'
    ? { message: { ...message, value: fitResult(message.value, null) } }
    : { message };
}

/** A message as `agent.inbox` and the record may have it. */
export function cleanAgentMessage<Message>(message: Message): Message {
  return cleanValue(message, '') as Message;
}

function cleanValue(value: unknown, field: string): unknown {
  if (typeof value === 'string') return cleanString(value, field);
  if (typeof value === 'bigint') return cleanInteger(value, field);
  if (typeof value === 'number')
    return Number.isFinite(value) ? Math.min(value, DURATION_MS_MAX) : 0;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Array.isArray(value) ? cleanList(value, field) : cleanFields(value, field);
}

function cleanInteger(value: bigint, field: string): bigint {
  if (WHOLE_U64.has(field)) return value;
  return INTEGERS[field]?.(value) ?? least(value, BIGINT_MAX);
}

function cleanString(text: string, field: string): string {
  if (KEYS.has(field)) return text;
  if (DETAILS.has(field)) return cleanText(text, DETAIL_LENGTH_MAX, 'many');
  return NAMES.has(field) ? cleanName(text, NAME_LENGTH_MAX) : cleanText(text, LINE_LENGTH_MAX);
}

function cleanList(list: readonly unknown[], field: string): unknown[] {
  const kept = LISTS.has(field) ? list.slice(0, LIST_LENGTH_MAX) : list;
  return kept.map((item) => cleanValue(item, field));
}

/** Labels are checked as a whole, by `soundLabels`. */
function cleanFields(message: object, field: string): object {
  if (field === 'labels') return message;
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => [name, cleanValue(value, name)]),
  );
}

/** Whether a command may have been issued under this key. */
export function isCommandKey(key: string): boolean {
  return key.length <= LINE_LENGTH_MAX && isPlainText(key) && parseIdempotencyKey(key) !== null;
}

/** The labels of a hello that selectors can name, and in words what is wrong with the others. */
export function soundLabels({ labels }: Hello): {
  readonly sound: Record<string, string>;
  readonly refused: readonly string[];
} {
  const all = Object.entries(labels);
  const refused = all.flatMap(([key, value]) => {
    const fault = labelFault(key, value);
    return fault === null ? [] : [`${cleanText(`${key}=${value}`, 140)}: ${fault}`];
  });
  const sound = all.filter(([key, value]) => labelFault(key, value) === null);
  if (sound.length > LABELS_MAX) refused.push(`all beyond the first ${LABELS_MAX}`);
  return { sound: Object.fromEntries(sound.slice(0, LABELS_MAX)), refused: refused.slice(0, 20) };
}
