import type { RolloutState } from '../rollout/rollout.state';
import { STRATEGY } from '../testing/strategy.fixture';
import { type PendingUpdate, START_GATES, type StartView, whyPending } from './start-gates';

const VIEW: StartView = {
  rollout: { kind: 'running', failuresAccepted: 0 },
  openWaveIndex: 0,
  slotsFree: 1,
  strategy: STRATEGY,
};
const UPDATE: PendingUpdate = {
  state: {},
  waveIndex: 0,
  host: { name: 'a', online: true, busyWith: null },
};
const paused = (code: string): RolloutState => ({
  kind: 'paused',
  failuresAccepted: 0,
  reason: { code, detail: 'said so' },
});

/** Each obstacle, widest first, as one change of a view and an update that pass. */
const OBSTACLES: Readonly<
  Record<string, { view?: Partial<StartView>; update?: Partial<PendingUpdate> }>
> = {
  ABORTING: { view: { rollout: { kind: 'aborting', reason: { code: 'E', detail: 'said so' } } } },
  FAILURE_BUDGET_SPENT: { view: { rollout: paused('FAILURE_BUDGET_SPENT') } },
  ROLLOUT_PAUSED: { view: { rollout: paused('OPERATOR_PAUSED') } },
  ROLLOUT_ENDED: { view: { rollout: { kind: 'succeeded' } } },
  WAITS_FOR_WAVE: { update: { waveIndex: 1 } },
  HOST_OFFLINE: { update: { host: { name: 'a', online: false, busyWith: 'r' } } },
  HOST_BUSY: { update: { host: { name: 'a', online: true, busyWith: 'r' } } },
  WAITS_FOR_SLOT: { view: { slotsFree: 0 } },
};

it('lets start what nothing stands before', () => {
  expect(whyPending(VIEW, UPDATE)).toBeNull();
});

it('has an obstacle of this spec for every gate, in the same order', () => {
  expect(Object.keys(OBSTACLES)).toEqual(START_GATES.map(({ code }) => code));
});

it.each(Object.entries(OBSTACLES))('%s alone is in the way', (code, { view, update }) => {
  const why = whyPending({ ...VIEW, ...view }, { ...UPDATE, ...update });
  expect(why).toMatchObject({ code, detail: expect.stringMatching(/\S/) as string });
});

it('names the widest of all obstacles', () => {
  Object.values(OBSTACLES).reduceRight<{ view: StartView; update: PendingUpdate }>(
    ({ view, update }, obstacle) => {
      const all = {
        view: { ...view, ...obstacle.view },
        update: { ...update, ...obstacle.update },
      };
      expect(whyPending(all.view, all.update)?.code).toBe(codeOf(obstacle));
      return all;
    },
    { view: VIEW, update: UPDATE },
  );
});

const codeOf = (obstacle: object) =>
  Object.entries(OBSTACLES).find(([, one]) => one === obstacle)?.[0];
