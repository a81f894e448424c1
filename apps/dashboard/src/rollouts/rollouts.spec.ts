import type { HostUpdateResponse, WaitingResponse } from '@luofleet/contracts';
import {
  advanceHostUpdate,
  advanceRollout,
  type HostUpdateState,
  ROLLOUT_KINDS,
  type RolloutState,
  type Strategy,
} from '@luofleet/rollout';
import { problemOf } from '../api/api.client';
import { offeredActions, offeredHostAction } from '../api/rollout.actions';
import { rolloutTone } from '../state/tone';
import {
  barSegments,
  failuresTotal,
  groupWaiting,
  notUpdatedTotal,
  updatedTotal,
} from './rollout.figures';
import { filterUpdates, orderUpdates, phaseMarks } from './update-matrix.rows';

const counts = {
  total: 10,
  byState: { succeeded: 3, 'rolled-back': 1, lost: 1, running: 2, pending: 3 },
  byPhase: {},
} as const;

describe('figures of a rollout', () => {
  it('adds up what was updated, what ended without, and what failed', () => {
    expect(updatedTotal(counts)).toBe(3);
    expect(notUpdatedTotal(counts)).toBe(2);
    expect(
      notUpdatedTotal({ total: 9, byState: { succeeded: 2, cancelled: 7 }, byPhase: {} }),
    ).toBe(7);
    expect(failuresTotal(counts)).toBe(2);
    expect(barSegments(counts).map(({ state }) => state)).toEqual([
      'succeeded',
      'rolled-back',
      'lost',
      'running',
      'pending',
    ]);
  });

  it('groups what waits by code and counts what the report leaves out', () => {
    const wait = (id: string, code: string): WaitingResponse => ({
      subject: 'host-update',
      id,
      name: id,
      reason: { code, detail: `${id} waits` },
      until: null,
    });
    const waiting = [wait('a', 'HELD_UNTIL'), wait('b', 'WAITS_FOR_SLOT'), wait('c', 'HELD_UNTIL')];
    const groups = groupWaiting({ waiting, waitCounts: { HELD_UNTIL: 2, WAITS_FOR_SLOT: 40 } });
    expect(groups).toEqual([
      { code: 'HELD_UNTIL', entries: [waiting[0], waiting[2]], leftOut: 0 },
      { code: 'WAITS_FOR_SLOT', entries: [waiting[1]], leftOut: 39 },
    ]);
  });
});

describe('the matrix', () => {
  const update = (over: Partial<HostUpdateResponse>): HostUpdateResponse =>
    ({
      id: 'u',
      waveIndex: 0,
      position: 0,
      state: 'pending',
      phase: null,
      blackoutMs: null,
      ...over,
    }) as HostUpdateResponse;
  const kinds = (over: Partial<HostUpdateResponse>): string =>
    phaseMarks(update(over))
      .map(({ kind }) => kind[0])
      .join('');

  it('marks each phase', () => {
    expect(kinds({ state: 'pending' })).toBe('bbbbbbb');
    expect(kinds({ state: 'running', phase: 'freeze' })).toBe('ddnbbbb');
    expect(kinds({ state: 'held' })).toBe('dddddnb');
    expect(kinds({ state: 'rolled-back', phase: 'preflight' })).toBe('nbbbbbb');
    expect(kinds({ state: 'succeeded' })).toBe('ddddddd');
    expect(phaseMarks(update({ state: 'lost', phase: 'reboot' }))[3]).toEqual({
      kind: 'now',
      tone: 'bad',
    });
  });

  it('orders and filters', () => {
    const updates = [
      update({ id: 'a', position: 0, state: 'succeeded', blackoutMs: 5 }),
      update({ id: 'b', position: 1, state: 'running', waveIndex: 1 }),
      update({ id: 'c', position: 2, state: 'failed', waveIndex: 1, blackoutMs: 90 }),
    ];
    const ids = (list: readonly HostUpdateResponse[]): string => list.map(({ id }) => id).join('');
    expect(ids(orderUpdates(updates, 'attention first'))).toBe('cba');
    const waiting = [...updates, update({ id: 'd', position: 3 })];
    expect(ids(orderUpdates(waiting, 'attention first'))).toBe('cbda');
    expect(ids(orderUpdates(updates, 'rollout order'))).toBe('abc');
    expect(ids(orderUpdates(updates, 'longest blackout'))).toBe('cab');
    expect(ids(filterUpdates(updates, { state: null, waveIndex: 1 }))).toBe('bc');
    expect(ids(filterUpdates(updates, { state: 'failed', waveIndex: null }))).toBe('c');
  });
});

describe('actions', () => {
  it('are offered only where they would do something', () => {
    expect(Object.fromEntries(ROLLOUT_KINDS.map((kind) => [kind, offeredActions(kind)]))).toEqual({
      planned: ['pause', 'abort'],
      running: ['pause', 'abort'],
      paused: ['resume', 'retry', 'abort'],
      aborting: [],
      succeeded: [],
      failed: ['retry'],
      aborted: ['retry'],
    });
    expect(offeredActions('unheard-of')).toEqual([]);
    expect(rolloutTone('unheard-of')).toBe('quiet');
  });
});

describe('actions on one host', () => {
  const reason = { code: 'X', detail: '' };
  const strategy = {} as Strategy;
  const states: HostUpdateState[] = [
    { kind: 'pending', reason },
    { kind: 'pending', reason, deadlineAtMs: 1 },
    { kind: 'running', phase: 'preflight', deadlineAtMs: 1 },
    { kind: 'skipped', reason },
    ...(['succeeded', 'cancelled'] as const).map((kind) => ({ kind, reason }) as HostUpdateState),
  ];

  it('are offered exactly where the machines let them do something', () => {
    for (const rollout of ROLLOUT_KINDS)
      for (const state of states)
        for (const action of ['skip', 'unskip'] as const) {
          const event =
            action === 'skip'
              ? ({ kind: 'skip-requested', why: '' } as const)
              : ({ kind: 'unskip-requested' } as const);
          const context = { nowMs: 0, strategy } as Parameters<typeof advanceHostUpdate>[2];
          const ofHost = advanceHostUpdate(state, event, context).kind === 'advanced';
          const ofRollout =
            event.kind === 'skip-requested' ||
            advanceRollout({ kind: rollout } as RolloutState, event, {} as never).kind !==
              'illegal';
          const offered = offeredHostAction({ state: state.kind }, rollout) === action;
          expect([rollout, state.kind, action, offered]).toEqual([
            ...[rollout, state.kind, action, ofHost && ofRollout],
          ]);
        }
  });
});

describe('problems', () => {
  it('are taken as the control plane wrote them', () => {
    const problem = { title: 'Conflict', detail: 'It is paused.', code: 'X', status: 409 };
    expect(problemOf(409, problem, '/x')).toMatchObject({ ...problem, errors: [] });
  });

  it('are made up for an answer that carries none', () => {
    expect(problemOf(502, undefined, '/x')).toMatchObject({ status: 502, instance: '/x' });
    expect(problemOf(500, { message: 'boom' }, '/x')).toMatchObject({ code: 'UNEXPECTED_ANSWER' });
  });
});
