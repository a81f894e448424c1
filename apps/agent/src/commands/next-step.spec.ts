import { applyRecord, emptyJournalState, type JournalState } from '../journal/journal.state';
import type { AgentCommand, AgentResult, OutcomeName, PhaseName } from '../model/command';
import { isPastNoReturn, nextStep, voidedBy } from './next-step';

const command = (
  phase: PhaseName,
  afterKey = '',
  over: Partial<AgentCommand> = {},
): AgentCommand => ({
  ...{ key: `hu/${phase}/1`, hostUpdateId: 'hu', rolloutId: 'r', phase, attempt: 1 },
  ...{ generation: 1n, afterKey, timeoutMs: 0, soakMs: 0, release: null },
  ...over,
});

const accept = (state: JournalState, ...commands: AgentCommand[]) =>
  commands.forEach((one) => applyRecord(state, { kind: 'accepted', command: one }));

const finish = (state: JournalState, key: string, outcome: OutcomeName) =>
  applyRecord(state, {
    kind: 'finished',
    result: { key, outcome, reason: null, sessions: [] } as unknown as AgentResult,
  });

const cross = (state: JournalState) =>
  applyRecord(state, {
    kind: 'crossed',
    key: 'hu/reboot/1',
    fromVersion: '1',
    toVersion: '2',
    imageSha256: 'a',
  });

const chain = [
  command('freeze'),
  command('reboot', 'hu/freeze/1'),
  command('retrieve', 'hu/reboot/1'),
];

describe('nextStep', () => {
  it('runs a chain link by link, without asking', () => {
    const state = emptyJournalState();
    accept(state, ...chain);
    for (const phase of ['freeze', 'reboot', 'retrieve'] as const) {
      expect(nextStep(state)).toMatchObject({ kind: 'run', command: { phase } });
      finish(state, `hu/${phase}/1`, 'succeeded');
    }
    expect(nextStep(state)).toEqual({ kind: 'idle' });
  });

  it.each(['rolled-back', 'failed', 'refused', 'state-lost', 'voided'] as const)(
    'voids the rest of a chain after %s',
    (outcome) => {
      const state = emptyJournalState();
      accept(state, ...chain);
      finish(state, 'hu/freeze/1', outcome);
      expect(nextStep(state)).toMatchObject({ kind: 'void', command: { phase: 'reboot' } });
      finish(state, 'hu/reboot/1', 'voided');
      expect(nextStep(state)).toMatchObject({ kind: 'void', command: { phase: 'retrieve' } });
    },
  );

  it('waits for a predecessor that has not arrived, and does not let it block others', () => {
    const state = emptyJournalState();
    accept(state, command('reboot', 'hu/freeze/1'));
    expect(nextStep(state).kind).toBe('idle');
    accept(state, command('preflight'));
    expect(nextStep(state)).toMatchObject({ kind: 'run', command: { phase: 'preflight' } });
  });

  it('puts a rollback first', () => {
    const state = emptyJournalState();
    accept(state, command('freeze'), command('rollback'));
    expect(nextStep(state)).toMatchObject({ kind: 'run', command: { phase: 'rollback' } });
  });
});

describe('voidedBy', () => {
  it('is everything that waits in the attempt when a rollback is asked', () => {
    const state = emptyJournalState();
    accept(state, ...chain);
    const voided = voidedBy(state, command('rollback'));
    expect(voided.map((one) => one.command.phase)).toEqual(['freeze', 'reboot', 'retrieve']);
  });

  it('is nothing past the point of no return: retrieve must still run', () => {
    const state = emptyJournalState();
    accept(state, ...chain);
    cross(state);
    expect(isPastNoReturn(state, command('rollback'))).toBe(true);
    expect(voidedBy(state, command('rollback'))).toEqual([]);
  });

  it('is what an older generation left waiting', () => {
    const state = emptyJournalState();
    accept(state, ...chain);
    const newer = command('preflight', '', { key: 'hu/preflight/2', attempt: 2, generation: 2n });
    expect(voidedBy(state, newer).map(({ reason }) => reason.code)).toEqual(
      Array(3).fill('SUPERSEDED'),
    );
  });
});
