// What apps/agent/native/arrive.c took out of the kernel before it became this process: read once, at the very start.
//
// Happy path: LUOFLEET_ARRIVAL names a memfd with the record; its answers stand in for the kernel's, each once.
// Unhappy paths: without the variable, or with a record of another process, there is none and the kernel is asked. What is
// not in a record is asked for as well: the program leaves out what can pass (too many open files) and, where an earlier agent
// wrote the manifest, everything but the manifest itself; `isWhole` tells. A record of this process that makes no sense is an
// error: the kernel would answer as if the sessions had been lost.
// Ordering: before anything is spawned, because the descriptors came through an execve and would go on into every child.
import { fstatSync, readSync } from 'node:fs';
import {
  closeDescriptor,
  LinuxError,
  LiveUpdateSession,
  setCloseOnExec,
  type LiveUpdateDevice,
} from '@luofleet/linux';

const VARIABLE = 'LUOFLEET_ARRIVAL';

/** A descriptor, or a negative errno. */
type Outcome = number;

interface RecordedSession {
  outcome: Outcome;
  files: Map<bigint, Outcome>;
}

export interface ArrivalRecord {
  sessions: Map<string, RecordedSession>;
  /** All that the manifest names was asked for. */
  isWhole: boolean;
}

/** The record that this process inherited, taken out of the environment; null when there is none. */
export function takeArrivalRecord(
  environment: NodeJS.ProcessEnv = process.env,
): ArrivalRecord | null {
  const variable = environment[VARIABLE];
  if (variable === undefined) return null;
  delete environment[VARIABLE];
  const fd = Number(variable);
  const record = parseArrivalRecord(readWhole(fd), process.pid);
  if (record === null) return null;
  closeDescriptor(fd);
  for (const { outcome, files } of record.sessions.values()) {
    for (const one of [outcome, ...files.values()]) if (one >= 0) setCloseOnExec(one, true);
  }
  return record;
}

/** Empty for what is no open file: a variable that somebody else left behind. */
function readWhole(fd: number): string {
  try {
    const bytes = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes.toString('utf8');
  } catch {
    return '';
  }
}

/** Null for a record that another process was given. Throws when it is ours and makes no sense. */
export function parseArrivalRecord(text: string, pid: number): ArrivalRecord | null {
  const [first = '', ...lines] = text.split('\n');
  const owner = /^arrival (\d+) (\d+)$/.exec(first);
  if (owner === null || Number(owner[2]) !== pid) return null;
  if (owner[1] !== '1') throw new Error(`an arrival record of version ${owner[1]} is not known`);
  const record: ArrivalRecord = { sessions: new Map(), isWhole: false };
  let files = new Map<bigint, Outcome>();
  for (const line of lines.slice(0, -1)) {
    const session = /^session (-?\d+) (.+)$/.exec(line);
    const file = /^file (-?\d+) (\d+)$/.exec(line);
    if (session?.[2] !== undefined) {
      files = new Map();
      record.sessions.set(session[2], { outcome: Number(session[1]), files });
    } else if (file?.[2] !== undefined) files.set(BigInt(file[2]), Number(file[1]));
    else if (line === 'end') record.isWhole = true;
    else throw new Error(`the arrival record has a line "${line}"`);
  }
  return record;
}

/** What the arrival asks the kernel, or the record of it. */
export interface HandoverSource {
  retrieveSession(name: string): LiveUpdateSession;
  retrieveFd(session: LiveUpdateSession, name: string, token: bigint): number;
}

/** Answers from the record, and from the device for what is not in it; without a device that is ENOENT. */
export function handoverSource(
  record: ArrivalRecord | null,
  device: Pick<LiveUpdateDevice, 'retrieveSession'> | null,
): HandoverSource {
  return {
    retrieveSession(name) {
      const known = record?.sessions.get(name);
      const about = ['liveupdate retrieveSession', `session "${name}"`] as const;
      if (known !== undefined) return LiveUpdateSession.adopt(granted(known.outcome, ...about));
      if (device === null) throw new LinuxError(ENOENT, ...about);
      return device.retrieveSession(name);
    },
    retrieveFd(session, name, token) {
      const files = record?.sessions.get(name)?.files;
      const outcome = files?.get(token);
      if (outcome === undefined) return session.retrieveFd(token);
      files?.delete(token);
      return granted(outcome, 'liveupdate retrieveFd', `token ${token}`);
    },
  };
}

const ENOENT = 2;

function granted(outcome: Outcome, operation: string, subject: string): number {
  if (outcome < 0) throw new LinuxError(-outcome, operation, subject);
  return outcome;
}
