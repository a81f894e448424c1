import fc from 'fast-check';
import type { CommandOutcome } from '../host-update/host-update.event';
import { HOST_UPDATE_KINDS, isInFlight, isTerminal } from '../host-update/host-update.traits';
import { isRolloutTerminal, ROLLOUT_KINDS } from '../rollout/rollout.state';
import { isWaveEnded, WAVE_KINDS } from '../wave/wave.machine';
import { idempotencyKey } from '../host-update/idempotency-key';
import { FleetSimulation } from '../testing/fleet.simulation';
import { STRATEGY } from '../testing/strategy.fixture';
import { type StartView, whyPending } from './start-gates';

type Action =
  | { kind: 'answer'; pick: number; outcome: CommandOutcome }
  | { kind: 'report'; pick: number; outcome: CommandOutcome }
  | { kind: 'wait'; ms: number }
  | { kind: 'operate'; word: 'pause' | 'resume' | 'abort' | 'retry' }
  | { kind: 'host'; pick: number; change: HostChange };

type HostChange =
  'flip-online' | 'decommission' | 'flip-busy' | 'flip-release' | 'flip-fit' | 'skip' | 'unskip';

const outcome = fc.oneof(
  { weight: 8, arbitrary: fc.constant<CommandOutcome>('succeeded') },
  {
    weight: 3,
    arbitrary: fc.constantFrom<CommandOutcome>(
      'rolled-back',
      'failed',
      'refused',
      'state-lost',
      'voided',
    ),
  },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ kind: fc.constant('answer'), pick: fc.nat(), outcome }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('report'), pick: fc.nat(), outcome }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat(9_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('operate'),
      word: fc.constantFrom('pause', 'resume', 'resume', 'abort', 'retry'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('host'),
      pick: fc.nat(),
      change: fc.constantFrom<HostChange>(
        'flip-online',
        'flip-online',
        'flip-busy',
        'flip-release',
        'flip-fit',
        'skip',
        'unskip',
        'decommission',
      ),
    }),
  },
) as fc.Arbitrary<Action>;
const schedule = fc.record({
  waveSizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.integer({ min: 0, max: 3 }),
  offline: fc.record({
    waitMs: fc.constantFrom(0, 5_000, 60_000),
    then: fc.constantFrom('skip', 'fail', 'wait'),
  }),
  force: fc.boolean(),
  actions: fc.array(action, { maxLength: 120 }),
});

type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

function begin({ waveSizes, actions: _actions, ...strategy }: Schedule): FleetSimulation {
  return new FleetSimulation({ ...STRATEGY, ...strategy }, waveSizes);
}

/** The command that one of the updates in flight is waiting on, so that schedules get deep. */
function awaited(fleet: FleetSimulation, pick: number) {
  const rows = fleet.rows.filter(({ state }) => isInFlight(state));
  const row = rows[pick % Math.max(1, rows.length)];
  if (row === undefined || !('phase' in row.state)) return undefined;
  const phase = row.state.kind === 'rolling-back' ? 'rollback' : row.state.phase;
  return fleet.issued.get(idempotencyKey(row.id, phase, row.attempt, row.finishTries));
}

function act(fleet: FleetSimulation, one: Action): void {
  switch (one.kind) {
    case 'answer': {
      const command = awaited(fleet, one.pick);
      if (command !== undefined) fleet.report(command, one.outcome);
      break;
    }
    case 'report': {
      // Biased to the newest commands, but repeats and results of long ago come too.
      const commands = [...fleet.issued.values()].reverse();
      const command =
        commands[one.pick % Math.max(1, Math.min(commands.length, 8 + (one.pick % 5)))];
      if (command !== undefined) fleet.report(command, one.outcome);
      break;
    }
    case 'wait':
      fleet.nowMs += one.ms;
      break;
    case 'operate':
      fleet.operate({ kind: `${one.word}-requested` });
      break;
    case 'host': {
      const row = fleet.rows[one.pick % fleet.rows.length];
      if (row === undefined) break;
      const { host } = row;
      if (one.change === 'skip') fleet.ask(row, { kind: 'skip-requested', why: '' });
      if (one.change === 'unskip') fleet.ask(row, { kind: 'unskip-requested' });
      if (one.change === 'flip-release') host.onRelease = !host.onRelease;
      if (one.change === 'flip-fit') host.lacks = host.lacks.length === 0 ? ['phase:x'] : [];
      if (one.change === 'flip-online') host.online = !host.online;
      if (one.change === 'flip-busy') host.busyWith = host.busyWith === null ? 'other' : null;
      if (one.change === 'decommission') host.decommissioned = true;
      break;
    }
  }
}

function play(one: Schedule, afterEach: (fleet: FleetSimulation) => void): FleetSimulation {
  const fleet = begin(one);
  fleet.plan();
  for (const step of one.actions) {
    act(fleet, step);
    afterEach(fleet);
  }
  return fleet;
}

/** No result ever comes again; operators only abort. Time alone must end everything. */
function fallSilent(fleet: FleetSimulation): void {
  fleet.operate({ kind: 'abort-requested' });
  for (let round = 0; round < 40 && !isRolloutTerminal(fleet.state); round += 1) {
    fleet.plan();
    fleet.nowMs += 10_000;
  }
}

const RUNS = { numRuns: 300 };

// A generator that never gets deep makes every property below true for nothing. Luck rarely makes a whole rollout
// succeed; the last property sees to that.
it('reaches every kind of state', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(schedule, (one) => {
      play(one, (fleet) => {
        fleet.plan();
        for (const { state } of fleet.rows) seen.add(state.kind);
        seen.add(`rollout ${fleet.state.kind}`);
        for (const wave of fleet.waves) seen.add(`wave ${wave.kind}`);
      });
    }),
    { numRuns: 800, seed: 11 },
  );
  const wanted = [
    ...HOST_UPDATE_KINDS,
    ...ROLLOUT_KINDS.filter((kind) => kind !== 'planned' && kind !== 'succeeded').map(
      (kind) => `rollout ${kind}`,
    ),
    ...WAVE_KINDS.map((kind) => `wave ${kind}`),
  ];
  expect(wanted.filter((kind) => !seen.has(kind))).toEqual([]);
});

describe('safety: something bad never happens', () => {
  // The simulation throws on a key issued twice, a start without a slot, out of wave order, past the budget, or while
  // the rollout does not run.
  it('starts nothing that may not start and issues no command twice', () => {
    fc.assert(
      fc.property(schedule, (one) => void play(one, (fleet) => fleet.plan())),
      RUNS,
    );
  });

  it('leaves nothing due behind: a second plan at the same time has no effects', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        play(one, (fleet) => {
          fleet.plan();
          expect(fleet.plan().effects).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  it('has exactly one entry for every host update that neither ended nor just started', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        play(one, (fleet) => {
          const before = fleet.starts.length;
          const { report } = fleet.plan();
          const started = new Set(fleet.starts.slice(before));
          const waiting = fleet.rows.filter(
            ({ id, state }) => !isTerminal(state) && !started.has(id),
          );
          const entries = report.waits.flatMap(({ subject }) =>
            subject.kind === 'host-update' ? [subject.id] : [],
          );
          expect(entries).toEqual(waiting.map(({ id }) => id));
          const blocked = report.waits.some(({ code }) => code === 'WAITS_FOR_SLOT');
          if (blocked)
            expect(fleet.count(isInFlight)).toBeGreaterThanOrEqual(fleet.strategy.maxConcurrent);
        });
      }),
      RUNS,
    );
  });

  it('starts a pending host exactly when no gate holds it', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        play(one, (fleet) => {
          const before = fleet.starts.length;
          fleet.plan();
          const starts = fleet.starts.slice(before);
          const open = fleet.rows.filter(({ state }) => !isTerminal(state));
          const view = (slotsFree: number): StartView => ({
            rollout: fleet.state,
            strategy: fleet.strategy,
            openWaveIndex: open.length === 0 ? null : Math.min(...open.map((row) => row.waveIndex)),
            slotsFree,
          });
          const free = fleet.strategy.maxConcurrent - fleet.count(isInFlight);
          starts.forEach((id, index) => {
            const asked = { ...fleet.row(id), state: {} };
            expect(whyPending(view(free + starts.length - index), asked)).toBeNull();
          });
          for (const row of fleet.rows)
            if (row.state.kind === 'pending')
              expect(whyPending(view(free), { ...row, state: row.state })).not.toBeNull();
        });
      }),
      RUNS,
    );
  });

  it('lets waves and rollout say what their host updates say', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        play(one, (fleet) => {
          fleet.plan();
          const done = fleet.rows.every(({ state }) => isTerminal(state));
          expect(isRolloutTerminal(fleet.state)).toBe(done);
          fleet.waves.forEach((wave, index) => {
            const members = fleet.rows.filter(({ waveIndex }) => waveIndex === index);
            expect(isWaveEnded(wave)).toBe(members.every(({ state }) => isTerminal(state)));
          });
        });
      }),
      RUNS,
    );
  });

  it('never leaves succeeded, whatever comes late', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        const succeeded = new Set<string>();
        play(one, (fleet) => {
          fleet.plan();
          for (const { id, state } of fleet.rows) {
            if (succeeded.has(id)) expect(state.kind).toBe('succeeded');
            if (state.kind === 'succeeded') succeeded.add(id);
          }
        });
      }),
      RUNS,
    );
  });
});

describe('liveness: everything ends', () => {
  it('ends after any schedule once it is aborted, even if no host ever answers again', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        const fleet = play(one, (it) => it.plan());
        fallSilent(fleet);
        expect(isRolloutTerminal(fleet.state)).toBe(true);
        expect(fleet.rows.every(({ state }) => isTerminal(state))).toBe(true);
        expect(fleet.plan().effects).toEqual([]);
      }),
      RUNS,
    );
  });

  it('ends whatever hosts are absent, when the strategy does not wait without end', () => {
    const absences = fc.record({
      one: schedule,
      absent: fc.array(fc.boolean(), { minLength: 12 }),
    });
    fc.assert(
      fc.property(absences, ({ one, absent }) => {
        const then = one.offline.then === 'wait' ? 'skip' : one.offline.then;
        const fleet = begin({ ...one, offline: { ...one.offline, then } });
        fleet.rows.forEach(({ host }, index) => {
          host.online = absent[index] !== true;
        });
        for (let round = 0; round < 100 && !isRolloutTerminal(fleet.state); round += 1) {
          fleet.plan();
          fleet.operate({ kind: 'resume-requested' });
          for (let before = -1; before !== fleet.issued.size;) {
            before = fleet.issued.size;
            for (const command of [...fleet.issued.values()]) fleet.report(command, 'succeeded');
          }
          fleet.nowMs += 10_000;
        }
        expect(isRolloutTerminal(fleet.state)).toBe(true);
        fleet.rows.forEach(({ state, host }) =>
          expect(state.kind).toBe(
            host.online ? 'succeeded' : then === 'skip' ? 'skipped' : 'failed',
          ),
        );
        expect(fleet.plan().effects).toEqual([]);
      }),
      RUNS,
    );
  });

  it('succeeds on every host when every command does', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        const fleet = begin(one);
        const answered = new Set<string>();
        for (let round = 0; round < 200 && !isRolloutTerminal(fleet.state); round += 1) {
          fleet.plan();
          for (const command of [...fleet.issued.values()]) {
            if (answered.has(command.key)) continue;
            answered.add(command.key);
            expect(fleet.report(command, 'succeeded')).toBe('advanced');
          }
        }
        expect(fleet.state).toEqual({ kind: 'succeeded' });
        expect(fleet.starts).toEqual(fleet.rows.map(({ id }) => id));
        expect(fleet.waves).toEqual(fleet.waves.map(() => ({ kind: 'succeeded' })));
      }),
      { numRuns: 60 },
    );
  });
});
