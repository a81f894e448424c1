import { crc32 } from 'node:zlib';
import type { AgentCommand, AgentResult } from '../model/command';

/** Version of the records below. A reader refuses newer ones; older ones are upgraded in `decodeRecord`. */
export const JOURNAL_VERSION = 1;

/** What the journal remembers; each variant says what is true once it is on disk. */
export type JournalRecord =
  /** The command will be carried out, voided or concluded; it is never forgotten. */
  | { kind: 'accepted'; command: AgentCommand }
  /** Acting on it begins. */
  | { kind: 'started'; key: string; atMs: number; incarnationId: string }
  /** How it ended; it is never acted on again. */
  | { kind: 'finished'; result: AgentResult }
  /** The control plane has the result. */
  | { kind: 'recorded'; key: string }
  /** Point of no return: the next thing this runtime does is the reboot for this command. */
  | { kind: 'crossed'; key: string; fromVersion: string; toVersion: string; imageSha256: string }
  /** The next runtime runs with the handover memory of this reboot. */
  | { kind: 'booted'; key: string; version: string; incarnationId: string; bootId: string }
  /** The new instances serve with the retrieved descriptors: from here on they, not the old ones, are the workloads. */
  | { kind: 'took-over'; key: string; retrieved: Omit<AgentResult, 'key' | 'phase'> }
  /** A workload refuses finish (reason) or no longer does (null). */
  | { kind: 'finish-hold'; workload: string; reason: string | null };

/** Every kind, so that a record of a kind that only a newer agent knows is not taken for one of these. */
const kinds: Record<JournalRecord['kind'], true> = {
  ...{ accepted: true, started: true, finished: true, recorded: true },
  ...{ crossed: true, booted: true, 'took-over': true, 'finish-hold': true },
};

/** What is wrong with a journal, or with a line of it. */
export class JournalError extends Error {
  /** A write that failed could not be taken back: whoever opens the journal next may find it. */
  mayRemain = false;

  constructor(
    readonly code: 'JOURNAL_DAMAGED' | 'JOURNAL_TOO_NEW' | 'JOURNAL_UNWRITABLE',
    readonly subject: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`journal ${subject}: ${detail}`, options);
    this.name = 'JournalError';
  }
}

/** One line: crc32 of the rest as eight hex digits, a blank, JSON with its version. u64 values are `{"u64":"…"}`. */
export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify({ v: JOURNAL_VERSION, ...record }, (_key, value: unknown) =>
    typeof value === 'bigint' ? { u64: value.toString() } : value,
  );
  return `${checksum(json)} ${json}\n`;
}

/** Throws JournalError when the line is not exactly what `encodeRecord` wrote. */
export function decodeRecord(line: string, subject: string): JournalRecord {
  const json = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) {
    throw new JournalError('JOURNAL_DAMAGED', subject, 'the checksum of this line is wrong');
  }
  const { v, ...record } = JSON.parse(json, (_key, value: unknown) =>
    isU64(value) ? BigInt(value.u64) : value,
  ) as { v: number } & JournalRecord;
  if (v > JOURNAL_VERSION || !Object.hasOwn(kinds, record.kind)) {
    const detail = `a newer agent wrote this record (version ${v}, ${record.kind}); this one knows up to version ${JOURNAL_VERSION}`;
    throw new JournalError('JOURNAL_TOO_NEW', subject, detail);
  }
  return record as JournalRecord;
}

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0');

const isU64 = (value: unknown): value is { u64: string } =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  typeof (value as { u64?: unknown }).u64 === 'string';
