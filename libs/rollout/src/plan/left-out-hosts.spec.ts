// Hosts that a rollout does not update: absent ones, those that run the release, those an operator leaves out.
import { FleetSimulation } from '../testing/fleet.simulation';
import { STRATEGY } from '../testing/strategy.fixture';
import type { Strategy } from '../model/strategy';

const fleetOf = (waves: number[], strategy: Partial<Strategy> = {}) =>
  new FleetSimulation({ ...STRATEGY, maxConcurrent: 10, ...strategy }, waves);
const kinds = (fleet: FleetSimulation) => fleet.rows.map(({ state }) => state.kind);
const codes = (fleet: FleetSimulation) =>
  fleet.rows.map(({ state }) => ('reason' in state ? state.reason?.code : undefined));

/** Every command there is succeeds, until none is left open. */
function succeed(fleet: FleetSimulation): void {
  for (let moved = true; moved;) {
    fleet.plan();
    const steps = [...fleet.issued.values()].map((command) => fleet.report(command, 'succeeded'));
    moved = steps.includes('advanced');
  }
}

describe('a host that is offline when its turn has come', () => {
  const absent = (strategy: Partial<Strategy> = {}) => {
    const fleet = fleetOf([1, 2], strategy);
    fleet.row('u0').host.online = false;
    fleet.plan();
    return fleet;
  };

  it('is skipped after the time of the strategy, and the waves after it go on', () => {
    const fleet = absent();
    fleet.nowMs += 19_999;
    fleet.plan();
    expect(kinds(fleet)).toEqual(['pending', 'pending', 'pending']);
    fleet.nowMs += 1;
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['skipped', 'succeeded', 'succeeded']);
    expect(codes(fleet)[0]).toBe('HOST_OFFLINE');
    expect(fleet.state).toEqual({ kind: 'succeeded' });
    expect(fleet.plan().report.headline).toBe('2 of 3 updated, 1 skipped');
  });

  it('counts as failed when the strategy says so, and spends the budget before others start', () => {
    const fleet = absent({ offline: { waitMs: 20_000, then: 'fail' } });
    fleet.nowMs += 20_000;
    fleet.plan();
    expect(kinds(fleet)).toEqual(['failed', 'pending', 'pending']);
    expect(fleet.state.kind).toBe('paused');
    expect(fleet.starts).toEqual([]);
  });

  it('is waited for without end when the strategy says so', () => {
    const fleet = absent({ offline: { waitMs: 20_000, then: 'wait' } });
    fleet.nowMs += 1_000_000_000;
    fleet.plan();
    expect(kinds(fleet)).toEqual(['pending', 'pending', 'pending']);
  });

  it('is left out at once without time to wait, one open wave at a time', () => {
    const fleet = fleetOf([1, 2], { offline: { waitMs: 0, then: 'fail' } });
    for (const { host } of fleet.rows) host.online = false;
    fleet.plan();
    expect(kinds(fleet)).toEqual(['failed', 'pending', 'pending']);
    expect(fleet.plan().effects).toEqual([]);
  });

  it('gets the whole time again once it was back', () => {
    const fleet = absent({ maxConcurrent: 1 });
    fleet.row('u0').host.busyWith = 'other';
    fleet.row('u0').host.online = true;
    fleet.nowMs += 19_000;
    fleet.plan();
    fleet.row('u0').host.online = false;
    fleet.plan();
    fleet.nowMs += 19_000;
    fleet.plan();
    expect(kinds(fleet)[0]).toBe('pending');
  });

  it('is not given up while the rollout is paused, nor while the control plane was away itself', () => {
    const paused = absent();
    paused.operate({ kind: 'pause-requested' });
    paused.nowMs += 50_000;
    paused.plan();
    expect(kinds(paused)[0]).toBe('pending');
    paused.operate({ kind: 'resume-requested' });
    paused.plan();
    expect(kinds(paused)[0]).toBe('skipped');
    const blind = absent();
    blind.nowMs += 50_000;
    blind.deadlinesHoldFromMs = blind.nowMs + 1;
    blind.plan();
    expect(kinds(blind)[0]).toBe('pending');
  });

  it('is tried again by a retry, and by unskip also when the rollout has ended', () => {
    const fleet = absent();
    fleet.nowMs += 20_000;
    succeed(fleet);
    expect(fleet.ask(fleet.row('u0'), { kind: 'unskip-requested' })).toBe('advanced');
    fleet.row('u0').host.online = true;
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(fleet.waves.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded']);
    expect(fleet.state).toEqual({ kind: 'succeeded' });
  });
});

describe('a host whose agent does not understand what the update asks', () => {
  const unfit = (strategy: Partial<Strategy> = {}) => {
    const fleet = fleetOf([2, 1], { maxFailures: 1, ...strategy });
    fleet.row('u0').host.lacks = ['release:kernel'];
    return fleet;
  };

  it('fails when its turn has come, is asked nothing, and counts in the budget', () => {
    const fleet = unfit();
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(codes(fleet)[0]).toBe('RELEASE_UNFIT');
    expect([...fleet.issued.values()].map(({ hostUpdateId }) => hostUpdateId)).not.toContain('u0');
    expect(unfit({ maxFailures: 0 }).plan().report.rollout).toBe('paused');
  });

  it('fails no more hosts than the budget takes to be spent', () => {
    const fleet = fleetOf([5], { maxFailures: 1 });
    for (const { host } of fleet.rows) host.lacks = ['release:kernel'];
    fleet.plan();
    expect(kinds(fleet)).toEqual(['failed', 'failed', 'pending', 'pending', 'pending']);
    expect(fleet.state.kind).toBe('paused');
  });

  it('waits while it is offline or busy, and is left out when it runs the release', () => {
    const fleet = unfit();
    fleet.row('u0').host.online = false;
    fleet.plan();
    expect(kinds(fleet)[0]).toBe('pending');
    Object.assign(fleet.row('u0').host, { online: true, busyWith: 'other' });
    fleet.plan();
    expect(kinds(fleet)[0]).toBe('pending');
    Object.assign(fleet.row('u0').host, { busyWith: null, onRelease: true });
    fleet.plan();
    expect(kinds(fleet)[0]).toBe('skipped');
  });

  it('is updated by a retry once its agent was', () => {
    const fleet = unfit();
    succeed(fleet);
    fleet.row('u0').host.lacks = [];
    fleet.operate({ kind: 'retry-requested' });
    succeed(fleet);
    expect(kinds(fleet)[0]).toBe('succeeded');
  });
});

it('does not call a rollout succeeded that updated no host although some needed it', () => {
  const fleet = fleetOf([1, 1]);
  for (const { host } of fleet.rows) host.online = false;
  for (let round = 0; round < 3; round += 1) {
    fleet.plan();
    fleet.nowMs += 20_000;
  }
  expect(kinds(fleet)).toEqual(['skipped', 'skipped']);
  expect(fleet.state.kind).toBe('failed');
  expect(fleet.waves.map(({ kind }) => kind)).toEqual(['cancelled', 'cancelled']);
  expect(fleet.plan().effects).toEqual([]);
  fleet.operate({ kind: 'retry-requested' });
  for (const { host } of fleet.rows) host.online = true;
  succeed(fleet);
  expect(fleet.state).toEqual({ kind: 'succeeded' });
});

describe('a host that runs the release', () => {
  it('is left out when its turn has come, not before, and costs no slot', () => {
    const fleet = fleetOf([2, 2]);
    for (const id of ['u0', 'u2']) fleet.row(id).host.onRelease = true;
    fleet.plan();
    expect(kinds(fleet)).toEqual(['skipped', 'running', 'pending', 'pending']);
    succeed(fleet);
    expect(codes(fleet)).toEqual([
      'ALREADY_ON_RELEASE',
      undefined,
      'ALREADY_ON_RELEASE',
      undefined,
    ]);
    expect(fleet.state).toEqual({ kind: 'succeeded' });
  });

  it('ends a rollout that finds nothing to do, in one plan', () => {
    const fleet = fleetOf([1, 1, 1]);
    for (const { host } of fleet.rows) host.onRelease = true;
    fleet.plan();
    expect(fleet.state).toEqual({ kind: 'succeeded' });
    expect(fleet.waves.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(fleet.plan().effects).toEqual([]);
  });

  it.each([
    ['force', { force: true }, (_fleet: FleetSimulation): void => undefined],
    [
      'unskip',
      {},
      (fleet: FleetSimulation): void => {
        fleet.ask(fleet.row('u0'), { kind: 'unskip-requested' });
      },
    ],
  ])('is updated all the same on %s', (_name, strategy, ask) => {
    const fleet = fleetOf([1, 1], strategy);
    fleet.row('u0').host.onRelease = true;
    fleet.plan();
    ask(fleet);
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['succeeded', 'succeeded']);
  });

  it('is updated again when an operator retries what had failed', () => {
    const fleet = fleetOf([1]);
    fleet.plan();
    const [preflight] = fleet.issued.values();
    if (preflight) fleet.report(preflight, 'rolled-back');
    fleet.plan();
    fleet.row('u0').host.onRelease = true;
    fleet.operate({ kind: 'retry-requested' });
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['succeeded']);
  });
});

describe('a host that an operator leaves out', () => {
  it('does not start, is not retried with others, and is taken back by unskip', () => {
    const fleet = fleetOf([1, 2]);
    expect(fleet.ask(fleet.row('u1'), { kind: 'skip-requested', why: 'in repair' })).toBe(
      'advanced',
    );
    expect(fleet.ask(fleet.row('u1'), { kind: 'skip-requested', why: '' })).toBe('ignored');
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['succeeded', 'skipped', 'succeeded']);
    expect(fleet.row('u1').state).toMatchObject({
      reason: {
        code: 'SKIPPED_BY_OPERATOR',
        detail: expect.stringContaining('in repair') as string,
      },
    });
    fleet.ask(fleet.row('u1'), { kind: 'unskip-requested' });
    succeed(fleet);
    expect(kinds(fleet)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it.each([
    ['one that runs', (fleet: FleetSimulation) => fleet.plan()],
    ['one that has ended', (fleet: FleetSimulation) => succeed(fleet)],
  ])('can not be %s', (_name, before) => {
    const fleet = fleetOf([1]);
    before(fleet);
    expect(fleet.ask(fleet.row('u0'), { kind: 'skip-requested', why: '' })).toBe('illegal');
    expect(fleet.ask(fleet.row('u0'), { kind: 'unskip-requested' })).toBe('illegal');
  });

  it('stays left out in a rollout that was aborted', () => {
    const fleet = fleetOf([1]);
    fleet.ask(fleet.row('u0'), { kind: 'skip-requested', why: '' });
    fleet.operate({ kind: 'abort-requested' });
    fleet.plan();
    expect(fleet.state.kind).toBe('aborted');
    expect(fleet.ask(fleet.row('u0'), { kind: 'unskip-requested' })).toBe('illegal');
  });
});

it('does not call a wave succeeded that an abort stopped half-way', () => {
  const fleet = fleetOf([2, 1], { maxConcurrent: 1 });
  fleet.plan();
  for (let n = 0; n < 7; n += 1)
    for (const command of [...fleet.issued.values()])
      if (command.hostUpdateId === 'u0') fleet.report(command, 'succeeded');
  fleet.operate({ kind: 'abort-requested' });
  fleet.plan();
  expect(kinds(fleet)).toEqual(['succeeded', 'cancelled', 'cancelled']);
  expect(fleet.waves.map(({ kind }) => kind)).toEqual(['cancelled', 'cancelled']);
  expect(fleet.plan().report.headline).toBe('1 of 3 updated, 2 cancelled');
});
