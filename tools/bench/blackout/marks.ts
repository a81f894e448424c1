// What the console of a benchmark machine tells, as rounds.
//
// Happy path: departure (the line right before the reboot call) -> `LAB init` (the first thing init does in the next
// kernel) -> start (the line right before the side's program is started) -> retrieved (all descriptors are there) -> for
// the agent also: the workload serves again.
// Unhappy paths: a round whose lines are missing or in another order is an error that shows the lines.
// Ordering: lines as they came; each has the host's time at which its end was read.

export type Side = 'agent' | 'probe';

/** By the host's clock, and in processor time that the machine has used on the host. */
export interface Moment {
  wallMs: number;
  cpuMs: number;
}

/** A console line and when its end was read. */
export interface TimedLine {
  text: string;
  at: Moment;
}

/** One live update of one side; its moments are differences to the reboot call. */
export interface Round {
  side: Side;
  init: Moment;
  start: Moment;
  retrieved: Moment;
  /** The agent has what the program in front of it retrieved; null where it retrieved by itself. */
  takenOver: Moment | null;
  /** Null for the probe, which has no workload. */
  serving: Moment | null;
  /** CLOCK_MONOTONIC of the next kernel when all was retrieved: its age by its own clock. */
  kernelAgeMs: number;
  files: number;
  /** The agent's own milestones, milliseconds since its process began; empty for the probe. */
  milestonesMs: Record<string, number>;
}

type Event =
  | { kind: 'departed' | 'started'; side: Side }
  | { kind: 'init' }
  | { kind: 'served' }
  | { kind: 'taken-over'; milestonesMs: Record<string, number> }
  | {
      kind: 'retrieved';
      side: Side;
      files: number;
      kernelAgeMs: number;
      milestonesMs: Record<string, number>;
    };

/** Splits console text into lines with the time of the text that completed them. */
export class LineClock {
  readonly lines: TimedLine[] = [];
  private rest = '';

  add(text: string, at: Moment): void {
    const parts = `${this.rest}${text}`.split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) this.lines.push({ text: part.replace(/\r$/, ''), at });
  }
}

/** The complete rounds, in order. The one still under way is left out. */
export function readRounds(lines: readonly TimedLine[]): Round[] {
  const rounds: Round[] = [];
  let open: { departed: Moment; round: Partial<Round> & { side: Side } } | null = null;
  for (const { text, at } of lines) {
    const event = eventOf(text);
    if (event === null) continue;
    if (event.kind === 'departed') {
      if (open !== null) throw new RoundError('a round began before the last one ended', lines);
      open = { departed: at, round: { side: event.side } };
      continue;
    }
    // The first boot, and what a side does outside its round.
    if (open === null) continue;
    const { round, departed } = open;
    note(round, event, since(departed, at));
    if (round.serving === undefined) continue;
    if (!isWhole(round)) throw new RoundError(`marks of a ${round.side} round are missing`, lines);
    rounds.push(round);
    open = null;
  }
  return rounds;
}

export const since = (from: Moment, to: Moment): Moment => ({
  wallMs: to.wallMs - from.wallMs,
  cpuMs: to.cpuMs - from.cpuMs,
});

function note(round: Partial<Round> & { side: Side }, event: Event, at: Moment): void {
  if (event.kind === 'init') round.init = at;
  else if (event.kind === 'started' && event.side === round.side) round.start = at;
  else if (event.kind === 'retrieved' && event.side === round.side) {
    const { files, kernelAgeMs, milestonesMs } = event;
    Object.assign(round, { retrieved: at, files, kernelAgeMs, milestonesMs, takenOver: null });
    if (round.side === 'probe') round.serving = null;
  } else if (event.kind === 'taken-over' && round.side === 'agent') {
    Object.assign(round, { takenOver: at, milestonesMs: event.milestonesMs });
  } else if (event.kind === 'served' && round.side === 'agent') round.serving = at;
}

function eventOf(text: string): Event | null {
  if (text.endsWith('LAB init')) return { kind: 'init' };
  const started = /BENCH start (agent|probe)$/.exec(text);
  if (started !== null) return { kind: 'started', side: started[1] as Side };
  const probe = /PROBE (rebooting|retrieved files=(\d+)) monotonicMs=([\d.]+)$/.exec(text);
  if (probe?.[1] === 'rebooting') return { kind: 'departed', side: 'probe' };
  if (probe !== null) {
    const [files, kernelAgeMs] = [Number(probe[2]), Number(probe[3])];
    return { kind: 'retrieved', side: 'probe', files, kernelAgeMs, milestonesMs: {} };
  }
  return agentEventOf(text);
}

/** Lines of the agent's log. */
function agentEventOf(text: string): Event | null {
  const at = text.indexOf('{"level":');
  if (at === -1) return null;
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(text.slice(at)) as Record<string, unknown>;
  } catch {
    return null; // another writer's words got into the line
  }
  if (entry.msg === 'reboots into the staged kernel') return { kind: 'departed', side: 'agent' };
  if (entry.msg === 'took over') {
    return {
      kind: 'taken-over',
      milestonesMs: (entry as { milestonesMs: Record<string, number> }).milestonesMs,
    };
  }
  if (entry.msg === 'retrieved') {
    // The program in front of the agent has no milestones.
    const {
      files,
      kernelAgeMs,
      milestonesMs = {},
    } = entry as {
      files: number;
      kernelAgeMs: number;
      milestonesMs?: Record<string, number>;
    };
    return { kind: 'retrieved', side: 'agent', files, kernelAgeMs, milestonesMs };
  }
  if (entry.msg === 'workloads serve again') return { kind: 'served' };
  return null;
}

function isWhole(round: Partial<Round>): round is Round {
  const { init, start, retrieved, serving } = round;
  const marks = [init, start, retrieved].map((moment) => moment?.wallMs);
  marks.push(serving?.wallMs ?? Infinity);
  return marks.every((mark, i) => mark !== undefined && mark >= (marks[i - 1] ?? 0));
}

export class RoundError extends Error {
  constructor(what: string, lines: readonly TimedLine[]) {
    const shown = lines.slice(-30).map(({ text, at }) => `${at.wallMs.toFixed(0)} ${text}`);
    super(`${what}:\n${shown.join('\n')}`);
    this.name = 'RoundError';
  }
}
