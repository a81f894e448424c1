// What is true of a command that was started by a memory that is gone. Pure.
//
// Read-only phases and finish are continued (`again`): they change nothing, or changing it twice is nothing (B44).
// All others are concluded and never acted on again.
import type { CommandEntry, JournalState } from '../journal/journal.state';
import type { Recovery } from '../backend/backend';
import {
  endedOtherwise,
  succeeded,
  type AgentCommand,
  type PhaseEnd,
  type PhaseName,
  type SessionStatus,
} from '../model/command';
import { reasonOf } from '../model/reason';

export type Conclusion = { kind: 'again' } | { kind: 'ended'; end: PhaseEnd };

type Conclude = (found: Found) => Conclusion;
/** What recovery found, and what the next image said, if it gave way. */
type Recovered = Recovery & { nextImageSaid?: string };

interface Found {
  state: JournalState;
  command: AgentCommand;
  recovery: Recovered;
  sessions: SessionStatus[];
}

const again: Conclude = () => ({ kind: 'again' });

const rolledBack: Conclude = ({ command, sessions, recovery }) => {
  const detail = `the agent ended during ${command.phase}; nothing is preserved any more and the workloads serve`;
  const reason = reasonOf('AGENT_RESTARTED', detail, { subject: command.key });
  return ended({ ...endedOtherwise('rolled-back', reason, sessions), ...resumed(recovery) });
};

/** Every phase, so that a new one does not compile until this is decided. */
const conclusions: Record<PhaseName, Conclude> = {
  preflight: again,
  verify: again,
  finish: again,
  preserve: rolledBack,
  freeze: rolledBack,
  reboot: (found) => {
    const crossing = found.state.crossing;
    if (crossing?.key !== found.command.key) return rolledBack(found);
    const said = found.recovery.nextImageSaid;
    const how = said ? `could not go on: ${said}` : 'never reported after execve';
    const detail =
      `runtime ${crossing.toVersion} ${how}; ` +
      `${crossing.fromVersion} runs again and the workloads serve`;
    const reason = reasonOf('IMAGE_CRASHED', detail, { subject: `image ${crossing.imageSha256}` });
    const { sessions, recovery } = found;
    return ended({ ...endedOtherwise('rolled-back', reason, sessions), ...resumed(recovery) });
  },
  retrieve: (found) => {
    const retrieved = found.state.crossing?.retrieved ?? null;
    return retrieved === null ? rolledBack(found) : ended(retrieved);
  },
  rollback: ({ sessions, recovery }) => ended({ ...succeeded(sessions), ...resumed(recovery) }),
};

/** How the interrupted command ends, given what recovery found. Lost descriptors outweigh everything else. */
export function concludeInterrupted(
  state: JournalState,
  entry: CommandEntry,
  recovery: Recovered,
): Conclusion {
  const { command } = entry;
  const sessions = releasedSessions(state, command);
  const conclusion = conclusions[command.phase]({ state, command, recovery, sessions });
  if (conclusion.kind === 'again' || recovery.lost.length === 0) return conclusion;
  const names = recovery.lost.map(({ name }) => name).join(', ');
  const detail = `no process holds the preserved descriptors of ${names} any more`;
  const reason = reasonOf('SESSIONS_GONE', detail, { subject: command.key });
  return ended({ ...endedOtherwise('state-lost', reason, recovery.lost), ...resumed(recovery) });
}

const ended = (end: PhaseEnd): Conclusion => ({ kind: 'ended', end });

const resumed = ({ resumedAtMs }: Recovery): Pick<PhaseEnd, 'resumedAtMs'> => ({ resumedAtMs });

/** The sessions last reported in this attempt, as they are once the memory that held them is gone. */
export function releasedSessions(state: JournalState, of: AgentCommand): SessionStatus[] {
  return lastSessions(state, of).map((session) => ({
    ...session,
    state: 'unpreserved',
    files: session.files.map((file) => ({ ...file, state: 'unpreserved', reason: null })),
  }));
}

/** The sessions of the latest result of this attempt that has any. */
export function lastSessions(
  state: JournalState,
  of: Pick<AgentCommand, 'hostUpdateId' | 'attempt'>,
): SessionStatus[] {
  let last: SessionStatus[] = [];
  for (const entry of state.commands.values()) {
    const { command } = entry;
    const same = command.hostUpdateId === of.hostUpdateId && command.attempt === of.attempt;
    if (same && entry.state === 'finished' && entry.result.sessions.length > 0)
      last = entry.result.sessions;
  }
  return last;
}
