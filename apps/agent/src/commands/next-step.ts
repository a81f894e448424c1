// Which command is due. Pure: decided from the journal's state alone, so a restarted agent decides the same.
import type { JournalState, CommandEntry } from '../journal/journal.state';
import type { AgentCommand } from '../model/command';
import { reasonOf, type Reason } from '../model/reason';

export type NextStep =
  | { kind: 'run'; command: AgentCommand }
  | { kind: 'void'; command: AgentCommand; reason: Reason }
  | { kind: 'idle' };

/** A rollback goes first; otherwise the order of acceptance, chained commands once their predecessor has ended. */
export function nextStep(state: JournalState): NextStep {
  const waiting = [...state.commands.values()].filter((entry) => entry.state === 'waiting');
  const rollback = waiting.find(({ command }) => command.phase === 'rollback');
  if (rollback !== undefined) return { kind: 'run', command: rollback.command };
  for (const { command } of waiting) {
    if (command.afterKey === '') return { kind: 'run', command };
    const predecessor = state.commands.get(command.afterKey);
    if (predecessor?.state !== 'finished') continue;
    if (predecessor.result.outcome === 'succeeded') return { kind: 'run', command };
    return { kind: 'void', command, reason: predecessorFailed(predecessor) };
  }
  return { kind: 'idle' };
}

function predecessorFailed({ command, result }: Extract<CommandEntry, { state: 'finished' }>) {
  const detail = `not started: ${command.phase} before it ended ${result.outcome}`;
  return reasonOf(
    'PREDECESSOR_FAILED',
    result.reason === null ? detail : `${detail}: ${result.reason.detail}`,
    { subject: command.key },
  );
}

/** Whether the attempt has passed the point of no return (and did not come back from it). */
export const isPastNoReturn = (
  state: JournalState,
  of: Pick<AgentCommand, 'hostUpdateId' | 'attempt'>,
): boolean =>
  state.crossing?.hostUpdateId === of.hostUpdateId && state.crossing.attempt === of.attempt;

/** What a host needs to serve again, and may do twice: no journal that can not be written stops it. */
export const isForService = (state: JournalState, command: AgentCommand): boolean =>
  command.phase === 'rollback' || (command.phase === 'retrieve' && isPastNoReturn(state, command));

/** Runs the next runtime, and nobody serves yet. */
export const isArriving = ({ crossing }: JournalState): boolean =>
  crossing !== null && crossing.booted !== null && crossing.retrieved === null;

/** What accepting `incoming` puts an end to before it was started. */
export function voidedBy(
  state: JournalState,
  incoming: AgentCommand,
): Array<{ command: AgentCommand; reason: Reason }> {
  const waiting = [...state.commands.values()].filter((entry) => entry.state === 'waiting');
  return waiting.flatMap(({ command }) => {
    if (command.key === incoming.key) return [];
    if (command.generation < incoming.generation) {
      const detail = `generation ${incoming.generation} replaces ${command.generation}`;
      return [{ command, reason: reasonOf('SUPERSEDED', detail, { subject: command.key }) }];
    }
    const sameAttempt =
      command.hostUpdateId === incoming.hostUpdateId && command.attempt === incoming.attempt;
    const undone = incoming.phase === 'rollback' && sameAttempt && !isPastNoReturn(state, incoming);
    if (!undone) return [];
    const detail = 'a rollback was asked before it started';
    return [{ command, reason: reasonOf('ROLLBACK_REQUESTED', detail, { subject: command.key }) }];
  });
}
