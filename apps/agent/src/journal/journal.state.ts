// What the journal's records add up to. Pure: the same records always give the same state, and `snapshotRecords` gives
// the shortest list of records that adds up to the same state again (compaction).
import type { AgentCommand, AgentResult } from '../model/command';
import type { JournalRecord } from './journal-record';

export type CommandEntry =
  | { state: 'waiting'; command: AgentCommand }
  | { state: 'started'; command: AgentCommand; startedAtMs: number; incarnationId: string }
  | { state: 'finished'; command: AgentCommand; result: AgentResult; recorded: boolean };

/** The last reboot that passed the point of no return and did not come back with an errno. */
export interface Crossing {
  key: string;
  hostUpdateId: string;
  attempt: number;
  fromVersion: string;
  toVersion: string;
  imageSha256: string;
  /** Null until the next runtime has said that it runs. */
  booted: { version: string; incarnationId: string; bootId: string } | null;
  /** Null until the new instances serve; then how retrieve ended. */
  retrieved: Omit<AgentResult, 'key' | 'phase'> | null;
}

export interface JournalState {
  /** Highest generation accepted, 0n if none. */
  generation: bigint;
  /** In the order they were accepted. */
  commands: Map<string, CommandEntry>;
  crossing: Crossing | null;
  finishHolds: Map<string, string>;
}

/** Finish tries of an attempt that are remembered once the control plane has their results; asked again, one is no harm. */
export const FINISH_TRIES_KEPT = 32;

export const emptyJournalState = (): JournalState => ({
  generation: 0n,
  commands: new Map(),
  crossing: null,
  finishHolds: new Map(),
});

type Apply = {
  [K in JournalRecord['kind']]: (
    state: JournalState,
    record: Extract<JournalRecord, { kind: K }>,
  ) => void;
};

const apply: Apply = {
  accepted(state, { command }) {
    if (state.commands.has(command.key)) return;
    state.commands.set(command.key, { state: 'waiting', command });
    if (command.generation > state.generation) state.generation = command.generation;
  },
  started(state, { key, atMs, incarnationId }) {
    const entry = state.commands.get(key);
    if (entry === undefined || entry.state === 'finished') return;
    const { command } = entry;
    state.commands.set(key, { state: 'started', command, startedAtMs: atMs, incarnationId });
  },
  finished(state, { result }) {
    const entry = state.commands.get(result.key);
    if (entry === undefined || entry.state === 'finished') return;
    const { command } = entry;
    state.commands.set(result.key, { state: 'finished', command, result, recorded: false });
    const { phase, hostUpdateId, attempt } = command;
    const crossing = state.crossing;
    const cameBack =
      result.outcome === 'rolled-back' &&
      (phase === 'reboot' || phase === 'retrieve') &&
      crossing?.hostUpdateId === hostUpdateId &&
      crossing.attempt === attempt;
    if (cameBack) state.crossing = null;
  },
  recorded(state, { key }) {
    const entry = state.commands.get(key);
    if (entry?.state !== 'finished') return;
    entry.recorded = true;
    if (entry.command.phase === 'finish') forgetOldTries(state, entry.command);
  },
  crossed(state, { key, fromVersion, toVersion, imageSha256 }) {
    const command = state.commands.get(key)?.command;
    if (command === undefined) return;
    const { hostUpdateId, attempt } = command;
    state.crossing = {
      ...{ key, hostUpdateId, attempt, fromVersion, toVersion, imageSha256 },
      ...{ booted: null, retrieved: null },
    };
  },
  booted(state, { key, version, incarnationId, bootId }) {
    if (state.crossing?.key === key) state.crossing.booted = { version, incarnationId, bootId };
  },
  'took-over'(state, { key, retrieved }) {
    if (state.crossing?.key === key) state.crossing.retrieved = retrieved;
  },
  'finish-hold'(state, { workload, reason }) {
    if (reason === null) state.finishHolds.delete(workload);
    else state.finishHolds.set(workload, reason);
  },
};

function forgetOldTries(state: JournalState, { hostUpdateId, attempt }: AgentCommand): void {
  const tries = [...state.commands.values()].filter(
    ({ command, ...entry }) =>
      command.phase === 'finish' &&
      command.hostUpdateId === hostUpdateId &&
      command.attempt === attempt &&
      entry.state === 'finished' &&
      entry.recorded,
  );
  for (const { command } of tries.slice(0, -FINISH_TRIES_KEPT)) state.commands.delete(command.key);
}

/** Adds one record to the state, in place. Records about unknown commands are ignored (compaction dropped them). */
export function applyRecord(state: JournalState, record: JournalRecord): void {
  (apply[record.kind] as (state: JournalState, record: JournalRecord) => void)(state, record);
}

/**
 * The shortest journal with the same meaning. Commands of older generations whose results are recorded are left out:
 * should one come again, its generation alone refuses it.
 */
export function snapshotRecords(state: JournalState): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const entry of state.commands.values()) {
    const { command } = entry;
    const forgotten =
      entry.state === 'finished' && entry.recorded && command.generation < state.generation;
    if (forgotten) continue;
    records.push({ kind: 'accepted', command });
    if (entry.state === 'started') {
      const { startedAtMs: atMs, incarnationId } = entry;
      records.push({ kind: 'started', key: command.key, atMs, incarnationId });
    }
  }
  records.push(...crossingRecords(state.crossing));
  for (const entry of state.commands.values()) {
    if (entry.state !== 'finished') continue;
    records.push({ kind: 'finished', result: entry.result });
    if (entry.recorded) records.push({ kind: 'recorded', key: entry.command.key });
  }
  for (const [workload, reason] of state.finishHolds)
    records.push({ kind: 'finish-hold', workload, reason });
  return records;
}

function crossingRecords(crossing: Crossing | null): JournalRecord[] {
  if (crossing === null) return [];
  const { key, fromVersion, toVersion, imageSha256, booted, retrieved } = crossing;
  const records: JournalRecord[] = [{ kind: 'crossed', key, fromVersion, toVersion, imageSha256 }];
  if (booted !== null) records.push({ kind: 'booted', key, ...booted });
  if (retrieved !== null) records.push({ kind: 'took-over', key, retrieved });
  return records;
}
