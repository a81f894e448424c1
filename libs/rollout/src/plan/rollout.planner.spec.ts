import { FleetSimulation, type IssuedCommand } from '../testing/fleet.simulation';
import { STRATEGY } from '../testing/strategy.fixture';
import { shortenReport } from './plan-report';
import { planNext } from './rollout.planner';
import type { HostUpdateSnapshot } from './rollout.snapshot';

/** Answers commands with success until the update of `id` has none open, or stands before `until`. */
function drive(fleet: FleetSimulation, id: string, until?: string): void {
  const answered = new Set<string>();
  const open = () =>
    [...fleet.issued.values()].find((c) => c.hostUpdateId === id && !answered.has(c.key));
  for (let command = open(); command !== undefined && command.phase !== until; command = open()) {
    answered.add(command.key);
    fleet.report(command, 'succeeded');
  }
}

function commandOf(fleet: FleetSimulation, key: string): IssuedCommand {
  const command = fleet.issued.get(key);
  if (command === undefined) throw new Error(`${key} was never issued`);
  return command;
}

function waits(fleet: FleetSimulation): Record<string, string> {
  return Object.fromEntries(
    fleet
      .plan()
      .report.waits.map(({ subject, code, untilMs }) => [
        subject.kind === 'host-update'
          ? subject.id
          : subject.kind === 'wave'
            ? `wave ${subject.index}`
            : 'rollout',
        untilMs === undefined ? code : `${code} +${untilMs - fleet.nowMs}`,
      ]),
  );
}

it('starts a canary, then the next wave, and says what waits', () => {
  const fleet = new FleetSimulation(STRATEGY, [1, 3]);
  fleet.plan();
  expect(fleet.starts).toEqual(['u0']);
  expect(waits(fleet)).toEqual({
    'wave 1': 'WAITS_FOR_WAVE',
    u0: 'DEADLINE_RUNNING +1000',
    u1: 'WAITS_FOR_WAVE',
    u2: 'WAITS_FOR_WAVE',
    u3: 'WAITS_FOR_WAVE',
  });
  drive(fleet, 'u0');
  fleet.plan();
  expect(fleet.starts).toEqual(['u0', 'u1', 'u2']);
  expect(fleet.waves.map(({ kind }) => kind)).toEqual(['succeeded', 'running']);
  expect(waits(fleet)).toMatchObject({ u3: 'WAITS_FOR_SLOT' });
  expect(fleet.plan().report.headline).toBe(
    '1 of 4 updated, wave 2 of 2; 2 in progress, 1 wait: all slots taken',
  );
});

it('passes over hosts that are offline or busy without spending a slot on them', () => {
  const fleet = new FleetSimulation(STRATEGY, [4]);
  Object.assign(fleet.row('u0').host, { online: false });
  Object.assign(fleet.row('u1').host, { busyWith: 'other' });
  fleet.plan();
  expect(fleet.starts).toEqual(['u2', 'u3']);
  expect(waits(fleet)).toMatchObject({ u0: 'HOST_OFFLINE +20000', u1: 'HOST_BUSY' });
});

it('pauses when the budget is spent; resuming grants a fresh one, retrying forgets', () => {
  const fleet = new FleetSimulation({ ...STRATEGY, maxConcurrent: 1 }, [5]);
  fleet.plan();
  fleet.report(commandOf(fleet, 'u0/preflight/1'), 'rolled-back');
  fleet.plan();
  expect(fleet.state).toMatchObject({ kind: 'paused', reason: { code: 'FAILURE_BUDGET_SPENT' } });
  expect(fleet.starts).toEqual(['u0']);
  expect(waits(fleet)).toMatchObject({
    rollout: 'FAILURE_BUDGET_SPENT',
    u1: 'FAILURE_BUDGET_SPENT',
  });

  fleet.operate({ kind: 'resume-requested' });
  fleet.plan();
  expect(fleet.state).toEqual({ kind: 'running', failuresAccepted: 1 });
  expect(fleet.starts).toEqual(['u0', 'u1']);
  fleet.report(commandOf(fleet, 'u1/preflight/1'), 'rolled-back');
  fleet.plan();
  expect(fleet.state.kind).toBe('paused');

  fleet.operate({ kind: 'retry-requested' });
  fleet.plan();
  expect(fleet.state).toEqual({ kind: 'running', failuresAccepted: 0 });
  expect(fleet.starts).toEqual(['u0', 'u1', 'u0']);
  expect(fleet.issued.has('u0/preflight/2')).toBe(true);
});

it('fails at the end although the failures were within the budget', () => {
  const fleet = new FleetSimulation({ ...STRATEGY, maxFailures: 5 }, [2]);
  fleet.plan();
  drive(fleet, 'u0');
  fleet.report(commandOf(fleet, 'u1/preflight/1'), 'rolled-back');
  fleet.plan();
  expect(fleet.state).toMatchObject({ kind: 'failed', reason: { code: 'HOSTS_NOT_UPDATED' } });
  expect(fleet.waves).toMatchObject([{ kind: 'failed' }]);
});

it('lets updates in flight go on while paused and starts none', () => {
  const fleet = new FleetSimulation({ ...STRATEGY, maxConcurrent: 1 }, [2]);
  fleet.plan();
  fleet.operate({ kind: 'pause-requested' });
  drive(fleet, 'u0');
  expect(fleet.row('u0').state.kind).toBe('succeeded');
  expect(waits(fleet)).toEqual({ rollout: 'ROLLOUT_PAUSED', u1: 'ROLLOUT_PAUSED' });
  expect(fleet.starts).toEqual(['u0']);
});

it('aborts again what waits for another attempt since it was aborted in one', () => {
  const fleet = new FleetSimulation(STRATEGY, [1]);
  fleet.plan();
  fleet.operate({ kind: 'abort-requested' });
  fleet.plan();
  fleet.report(commandOf(fleet, 'u0/rollback/1'), 'succeeded');
  fleet.plan();
  expect(fleet.operate({ kind: 'retry-requested' })).toBe('advanced');
  expect(fleet.operate({ kind: 'abort-requested' })).toBe('advanced');
  fleet.plan();
  expect(fleet.rows.map(({ state }) => state.kind)).toEqual(['cancelled']);
  expect(fleet.state.kind).toBe('aborted');
});

it('aborts: cancels, rolls back, and lets what rebooted go on', () => {
  const fleet = new FleetSimulation({ ...STRATEGY, maxConcurrent: 2 }, [3]);
  fleet.plan();
  drive(fleet, 'u0', 'reboot');
  fleet.operate({ kind: 'abort-requested' });
  expect(waits(fleet)).toMatchObject({
    rollout: 'ABORTING',
    u0: 'DEADLINE_RUNNING +9000',
    u1: 'ROLLING_BACK +8000',
  });
  expect(fleet.rows.map(({ state }) => state.kind)).toEqual([
    'running',
    'rolling-back',
    'cancelled',
  ]);
  expect(fleet.row('u0').abortRequested).toBe(true);
  fleet.report(commandOf(fleet, 'u1/rollback/1'), 'succeeded');
  drive(fleet, 'u0');
  fleet.plan();
  expect(fleet.state).toMatchObject({ kind: 'aborted', reason: { code: 'ABORT_REQUESTED' } });
  expect(fleet.rows.map(({ state }) => state.kind)).toEqual([
    'succeeded',
    'rolled-back',
    'cancelled',
  ]);
});

it('holds deadlines back while the control plane itself was away', () => {
  const fleet = new FleetSimulation(STRATEGY, [1]);
  fleet.plan();
  fleet.nowMs += 60_000;
  const late = { ...fleet.snapshot(), deadlinesHoldFromMs: fleet.nowMs + 1 };
  expect(planNext(late, fleet.nowMs).effects).toEqual([]);
  expect(planNext(late, fleet.nowMs + 1).effects).toHaveLength(1);
});

it('opens a failed rollout again when its lost host reports after all', () => {
  const fleet = new FleetSimulation(STRATEGY, [1]);
  fleet.plan();
  drive(fleet, 'u0', 'reboot');
  fleet.nowMs += 60_000;
  fleet.plan();
  expect(fleet.row('u0').state.kind).toBe('lost');
  expect(fleet.state.kind).toBe('failed');
  fleet.report(commandOf(fleet, 'u0/retrieve/1'), 'succeeded');
  fleet.plan();
  expect(fleet.state.kind).toBe('running');
  expect(fleet.waves).toEqual([{ kind: 'running' }]);
  drive(fleet, 'u0');
  fleet.plan();
  expect(fleet.state.kind).toBe('succeeded');
});

it('lets a failed rollout succeed when its lost host turns out to have succeeded', () => {
  const fleet = new FleetSimulation(STRATEGY, [1]);
  fleet.plan();
  drive(fleet, 'u0', 'verify');
  fleet.nowMs += 60_000;
  fleet.plan();
  expect([fleet.row('u0').state.kind, fleet.state.kind]).toEqual(['lost', 'failed']);
  fleet.report(commandOf(fleet, 'u0/verify/1'), 'succeeded');
  fleet.plan();
  expect(fleet.state).toEqual({ kind: 'succeeded' });
  expect(fleet.waves).toEqual([{ kind: 'succeeded' }]);
});

it('releases the slot of a host that left the fleet', () => {
  const fleet = new FleetSimulation({ ...STRATEGY, maxConcurrent: 1, maxFailures: 1 }, [2]);
  fleet.plan();
  Object.assign(fleet.row('u0').host, { decommissioned: true });
  fleet.plan();
  expect(fleet.row('u0').state).toMatchObject({
    kind: 'lost',
    reason: { code: 'HOST_DECOMMISSIONED' },
  });
  expect(fleet.starts).toEqual(['u0', 'u1']);
});

it('shortens a report by what needs nobody first', () => {
  const fleet = new FleetSimulation(STRATEGY, [3, 5]);
  Object.assign(fleet.row('u2').host, { online: false });
  fleet.plan();
  const { report } = fleet.plan();
  const short = shortenReport(report, 2);
  expect(short.waits.map(({ code }) => code)).toEqual(['DEADLINE_RUNNING', 'HOST_OFFLINE']);
  expect(short.waitsLeftOut).toBe(report.waits.length - 2);
  expect(short.waitCounts).toEqual(report.waitCounts);
});

// Work is counted, not timed: how often the planner reads a host update's state must grow with the fleet, not with its
// square.
it.each([1_000, 10_000])('reads each of %i host updates a bounded number of times', (count) => {
  let reads = 0;
  const fleet = new FleetSimulation({ ...STRATEGY, maxConcurrent: count }, [count / 2, count / 2]);
  const hostUpdates = fleet.rows.map((row) => {
    const watched = { ...row };
    Object.defineProperty(watched, 'waveIndex', { get: () => ((reads += 1), row.waveIndex) });
    return watched as HostUpdateSnapshot;
  });
  const { effects } = planNext({ ...fleet.snapshot(), hostUpdates }, fleet.nowMs);
  expect(effects.filter(({ kind }) => kind === 'start-host-update')).toHaveLength(count / 2);
  expect(reads / count).toBeLessThan(10);
});
