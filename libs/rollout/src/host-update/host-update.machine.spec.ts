import { advanceHostUpdate, NEW_HOST_UPDATE } from './host-update.machine';
import type { HostUpdateEvent, ResultOf } from './host-update.event';
import type { HostUpdateContext, HostUpdateStep } from './host-update.step';
import type { HostUpdateState } from './host-update.state';
import { STRATEGY } from '../testing/strategy.fixture';

const NOW = 1_000_000;
const of: ResultOf = { attempt: 1, finishTry: 0 };
const reason = { code: 'EBUSY', detail: 'said the host' };
const context: HostUpdateContext = {
  nowMs: NOW,
  strategy: STRATEGY,
  attempt: 1,
  finishTries: 0,
  abortRequested: false,
};

function on(state: HostUpdateState, event: HostUpdateEvent, more: Partial<HostUpdateContext> = {}) {
  return advanceHostUpdate(state, event, { ...context, ...more });
}

/** `running/reboot`, `rolling-back/freeze EBUSY`, `ignored`, … and the commands issued, in one line. */
function say(step: HostUpdateStep): string {
  if (step.kind !== 'advanced') return step.kind;
  const { state, effects } = step;
  const phase = 'phase' in state ? `/${state.phase}` : '';
  const code = 'reason' in state && state.reason !== undefined ? ` ${state.reason.code}` : '';
  const commands = effects.flatMap((effect) =>
    effect.kind === 'issue-commands'
      ? effect.commands.map(({ phase: p, afterPhase }) =>
          afterPhase ? `${p} after ${afterPhase}` : p,
        )
      : [],
  );
  return [`${state.kind}${phase}${code}`, ...commands].join(' + ');
}

const running = (
  phase: Extract<HostUpdateState, { kind: 'running' }>['phase'],
): HostUpdateState => ({
  kind: 'running',
  phase,
  deadlineAtMs: NOW,
});
const rollingBack = (
  phase: Extract<HostUpdateState, { kind: 'rolling-back' }>['phase'],
): HostUpdateState => ({
  kind: 'rolling-back',
  phase,
  reason: { code: 'ABORT_REQUESTED', detail: 'aborted' },
  deadlineAtMs: NOW,
});
const lost = (phase: Extract<HostUpdateState, { kind: 'lost' }>['phase']): HostUpdateState => ({
  kind: 'lost',
  phase,
  reason: { code: 'DEADLINE_PASSED', detail: 'silent' },
});
const held: HostUpdateState = { kind: 'held', reason, retryAtMs: NOW };

describe('the happy path', () => {
  it.each<[HostUpdateState, HostUpdateEvent, string]>([
    [NEW_HOST_UPDATE, { kind: 'started' }, 'running/preflight + preflight'],
    [
      running('preflight'),
      { kind: 'phase-succeeded', phase: 'preflight', ...of },
      'running/preserve + preserve',
    ],
    [
      running('preserve'),
      { kind: 'phase-succeeded', phase: 'preserve', ...of },
      'running/freeze + freeze + reboot after freeze + retrieve after reboot',
    ],
    [running('freeze'), { kind: 'phase-succeeded', phase: 'freeze', ...of }, 'running/reboot'],
    [running('reboot'), { kind: 'phase-succeeded', phase: 'reboot', ...of }, 'running/retrieve'],
    [
      running('retrieve'),
      { kind: 'phase-succeeded', phase: 'retrieve', ...of },
      'running/finish + finish',
    ],
    [
      running('finish'),
      { kind: 'phase-succeeded', phase: 'finish', ...of },
      'running/verify + verify',
    ],
    [running('verify'), { kind: 'phase-succeeded', phase: 'verify', ...of }, 'succeeded'],
  ])('%o on %o', (state, event, expected) => expect(say(on(state, event))).toBe(expected));

  it('begins an attempt with the next number', () => {
    expect(on(NEW_HOST_UPDATE, { kind: 'started' }, { attempt: 4 })).toMatchObject({
      effects: [
        { kind: 'begin-attempt', attempt: 5 },
        { kind: 'issue-commands', commands: [{ phase: 'preflight', attempt: 5, timeoutMs: 900 }] },
      ],
    });
  });

  it('waits for retrieve too while the host reboots, and for the soak in verify', () => {
    const frozen = on(running('freeze'), { kind: 'phase-succeeded', phase: 'freeze', ...of });
    expect(frozen).toMatchObject({ state: { deadlineAtMs: NOW + 4_000 + 5_000 } });
    const finished = on(running('finish'), { kind: 'phase-succeeded', phase: 'finish', ...of });
    expect(finished).toMatchObject({
      state: { deadlineAtMs: NOW + 7_000 + 500 },
      effects: [{ kind: 'issue-commands', commands: [{ soakMs: 500, timeoutMs: 6_300 + 500 }] }],
    });
  });
});

describe('results that come late, twice or out of order', () => {
  it.each<[string, HostUpdateState, HostUpdateEvent, string]>([
    ['a repeat', running('reboot'), { kind: 'phase-succeeded', phase: 'freeze', ...of }, 'ignored'],
    [
      'retrieve before freeze',
      running('freeze'),
      { kind: 'phase-succeeded', phase: 'retrieve', ...of },
      'running/finish + finish',
    ],
    [
      'reboot rolled back, freeze unheard',
      running('freeze'),
      { kind: 'phase-rolled-back', phase: 'reboot', reason, ...of },
      'rolled-back/reboot EBUSY',
    ],
    [
      'of an earlier attempt',
      running('freeze'),
      { kind: 'phase-failed', phase: 'freeze', reason, attempt: 0, finishTry: 0 },
      'ignored',
    ],
    [
      'never issued',
      running('preflight'),
      { kind: 'phase-succeeded', phase: 'verify', ...of },
      'illegal',
    ],
    [
      'into succeeded',
      { kind: 'succeeded' },
      { kind: 'phase-failed', phase: 'verify', reason, ...of },
      'ignored',
    ],
    [
      'into pending',
      NEW_HOST_UPDATE,
      { kind: 'phase-succeeded', phase: 'preflight', ...of },
      'ignored',
    ],
    [
      'voided after a failed freeze',
      running('freeze'),
      { kind: 'phase-voided', phase: 'reboot', ...of },
      'ignored',
    ],
    ['a second start', running('preflight'), { kind: 'started' }, 'ignored'],
  ])('%s', (_name, state, event, expected) => expect(say(on(state, event))).toBe(expected));

  it('ignores the refusal of an earlier finish try', () => {
    const event: HostUpdateEvent = {
      kind: 'phase-refused',
      phase: 'finish',
      reason,
      attempt: 1,
      finishTry: 1,
    };
    expect(say(on(running('finish'), event, { finishTries: 2 }))).toBe('ignored');
    expect(say(on(running('finish'), event, { finishTries: 1 }))).toBe('held EBUSY');
  });
});

describe('failures and deadlines', () => {
  it.each<[HostUpdateState, HostUpdateEvent, string]>([
    [
      running('freeze'),
      { kind: 'phase-rolled-back', phase: 'freeze', reason, ...of },
      'rolled-back/freeze EBUSY',
    ],
    [
      running('preserve'),
      { kind: 'phase-failed', phase: 'preserve', reason, ...of },
      'rolling-back/preserve EBUSY + rollback',
    ],
    [
      running('retrieve'),
      { kind: 'phase-failed', phase: 'retrieve', reason, ...of },
      'failed/retrieve EBUSY',
    ],
    [
      running('preflight'),
      { kind: 'phase-refused', phase: 'preflight', reason, ...of },
      'rolled-back/preflight EBUSY',
    ],
    [
      running('freeze'),
      { kind: 'phase-refused', phase: 'freeze', reason, ...of },
      'rolling-back/freeze EBUSY + rollback',
    ],
    [
      running('retrieve'),
      { kind: 'phase-state-lost', phase: 'retrieve', reason, ...of },
      'lost-state/retrieve EBUSY',
    ],
    [
      running('preflight'),
      { kind: 'deadline-passed' },
      'rolling-back/preflight DEADLINE_PASSED + rollback',
    ],
    [
      running('freeze'),
      { kind: 'deadline-passed' },
      'rolling-back/freeze DEADLINE_PASSED + rollback',
    ],
    [running('reboot'), { kind: 'deadline-passed' }, 'lost/reboot DEADLINE_PASSED'],
    [running('verify'), { kind: 'deadline-passed' }, 'lost/verify DEADLINE_PASSED'],
    [rollingBack('freeze'), { kind: 'deadline-passed' }, 'lost/freeze ROLLBACK_DEADLINE_PASSED'],
    [
      rollingBack('freeze'),
      { kind: 'rollback-succeeded', ...of },
      'rolled-back/freeze ABORT_REQUESTED',
    ],
    [rollingBack('freeze'), { kind: 'rollback-failed', reason, ...of }, 'failed/freeze EBUSY'],
    [
      rollingBack('freeze'),
      { kind: 'phase-refused', phase: 'rollback', reason, ...of },
      'running/reboot ROLLBACK_REFUSED',
    ],
    [
      rollingBack('preserve'),
      { kind: 'phase-refused', phase: 'rollback', reason, ...of },
      'failed/preserve ROLLBACK_REFUSED',
    ],
    [
      rollingBack('freeze'),
      { kind: 'phase-succeeded', phase: 'reboot', ...of },
      'running/retrieve',
    ],
    [rollingBack('freeze'), { kind: 'phase-succeeded', phase: 'freeze', ...of }, 'ignored'],
    [rollingBack('preserve'), { kind: 'phase-succeeded', phase: 'preserve', ...of }, 'ignored'],
    [running('preflight'), { kind: 'host-decommissioned' }, 'lost/preflight HOST_DECOMMISSIONED'],
    [NEW_HOST_UPDATE, { kind: 'host-decommissioned' }, 'cancelled HOST_DECOMMISSIONED'],
  ])('%o on %o', (state, event, expected) => expect(say(on(state, event))).toBe(expected));

  it('does not believe in a deadline before its time', () => {
    expect(say(on(running('reboot'), { kind: 'deadline-passed' }, { nowMs: NOW - 1 }))).toBe(
      'ignored',
    );
    expect(say(on(held, { kind: 'hold-elapsed' }, { nowMs: NOW - 1 }))).toBe('ignored');
  });

  it('asks for a rollback at most once in an attempt', () => {
    const goesOn = on(rollingBack('freeze'), {
      kind: 'phase-refused',
      phase: 'rollback',
      reason,
      ...of,
    });
    if (goesOn.kind !== 'advanced') throw new Error(goesOn.kind);
    const voided: HostUpdateEvent = { kind: 'phase-voided', phase: 'reboot', ...of };
    expect(say(on(goesOn.state, voided))).toBe('failed/reboot COMMAND_VOIDED');
    expect(say(on(running('reboot'), voided))).toBe(
      'rolling-back/reboot COMMAND_VOIDED + rollback',
    );
  });
});

describe('a lost host that reports after all', () => {
  it.each<[HostUpdateState, HostUpdateEvent, string]>([
    [
      lost('reboot'),
      { kind: 'phase-succeeded', phase: 'retrieve', ...of },
      'running/finish + finish',
    ],
    [lost('verify'), { kind: 'phase-succeeded', phase: 'verify', ...of }, 'succeeded'],
    [lost('freeze'), { kind: 'phase-succeeded', phase: 'reboot', ...of }, 'running/retrieve'],
    [
      lost('freeze'),
      { kind: 'phase-succeeded', phase: 'freeze', ...of },
      'rolling-back/freeze DEADLINE_PASSED',
    ],
    [lost('freeze'), { kind: 'rollback-succeeded', ...of }, 'rolled-back/freeze DEADLINE_PASSED'],
    [
      lost('reboot'),
      { kind: 'phase-rolled-back', phase: 'reboot', reason, ...of },
      'rolled-back/reboot EBUSY',
    ],
    [
      lost('retrieve'),
      { kind: 'phase-state-lost', phase: 'retrieve', reason, ...of },
      'lost-state/retrieve EBUSY',
    ],
    [lost('verify'), { kind: 'phase-succeeded', phase: 'reboot', ...of }, 'ignored'],
  ])('%o on %o', (state, event, expected) => expect(say(on(state, event))).toBe(expected));
});

describe('held, abort and retry', () => {
  it('asks finish again under a new try and gives up after the last', () => {
    const again = on(held, { kind: 'hold-elapsed' }, { finishTries: 2 });
    expect(again).toMatchObject({
      effects: [
        { kind: 'record-finish-try', finishTries: 3 },
        { kind: 'issue-commands', commands: [{ phase: 'finish', finishTry: 3 }] },
      ],
    });
    const refused: HostUpdateEvent = {
      kind: 'phase-refused',
      phase: 'finish',
      reason,
      attempt: 1,
      finishTry: 3,
    };
    expect(say(on(running('finish'), refused, { finishTries: 3 }))).toBe(
      'failed/finish FINISH_REFUSED',
    );
  });

  it.each<[HostUpdateState, string]>([
    [NEW_HOST_UPDATE, 'cancelled ABORT_REQUESTED'],
    [running('preflight'), 'rolling-back/preflight ABORT_REQUESTED + rollback'],
    [running('freeze'), 'rolling-back/freeze ABORT_REQUESTED + rollback'],
    [running('reboot'), 'running/reboot'],
    [running('verify'), 'running/verify'],
    [held, 'held EBUSY'],
    [lost('reboot'), 'ignored'],
    [{ kind: 'succeeded' }, 'ignored'],
  ])('abort of %o', (state, expected) => {
    expect(say(on(state, { kind: 'abort-requested' }))).toBe(expected);
    if (state.kind !== 'pending' && expected !== 'ignored') {
      expect(on(state, { kind: 'abort-requested' })).toMatchObject({
        effects: expect.arrayContaining([{ kind: 'record-abort-request' }]),
      });
    }
  });

  it.each<[HostUpdateState, string]>([
    [lost('reboot'), 'pending RETRY_REQUESTED'],
    [{ kind: 'rolled-back', phase: 'freeze', reason }, 'pending RETRY_REQUESTED'],
    [{ kind: 'cancelled', reason }, 'pending RETRY_REQUESTED'],
    [{ kind: 'succeeded' }, 'illegal'],
    [running('freeze'), 'illegal'],
    [held, 'illegal'],
    [NEW_HOST_UPDATE, 'ignored'],
  ])('retry of %o', (state, expected) =>
    expect(say(on(state, { kind: 'retry-requested' }))).toBe(expected),
  );
});
