import { figuresOf, spreadOf } from './figures';
import type { Round } from './marks';

const moment = (wallMs: number) => ({ wallMs, cpuMs: wallMs / 2 });

const probe = (initMs: number, retrievedMs: number): Round => ({
  ...{ side: 'probe', init: moment(initMs), start: moment(initMs + 10) },
  ...{ retrieved: moment(retrievedMs), serving: null, files: 50, kernelAgeMs: 1, milestonesMs: {} },
  takenOver: null,
});

const agent = (
  initMs: number,
  retrievedMs: number,
  milestonesMs: Round['milestonesMs'],
): Round => ({
  ...probe(initMs, retrievedMs),
  ...{ side: 'agent', serving: moment(retrievedMs + 1000), milestonesMs },
});

describe('spreadOf', () => {
  it.each([
    [[3], 3, 3],
    [[4, 1, 2], 1, 2],
    [[4, 1, 2, 8], 1, 3],
  ])('of %j', (values, best, median) => expect(spreadOf(values)).toEqual({ best, median }));

  it('refuses nothing', () => expect(() => spreadOf([])).toThrow('no rounds'));
});

describe('figuresOf', () => {
  const rounds = [
    agent(1000, 1600, { node: 300, bundle: 400, retrieved: 450 }),
    probe(1000, 1200),
    agent(2000, 2400, { node: 200, bundle: 260, retrieved: 290 }),
    probe(900, 1000),
  ];
  const { agent: ours, probe: theirs, ratios } = figuresOf(rounds);

  it('measures the total from the reboot call, the rest from the first line of init', () => {
    expect(ours.totalMs).toEqual({ best: 1600, median: 2000 });
    expect(ours.afterInitMs).toEqual({ best: 400, median: 500 });
    expect(ours.afterInitCpuMs).toEqual({ best: 200, median: 250 });
    expect(theirs.afterInitMs).toEqual({ best: 100, median: 150 });
    expect(ours.servingMs).toEqual({ best: 2600, median: 3000 });
  });

  it('divides best by best and median by median', () => {
    expect(ratios.total).toEqual({ best: 1.6, median: 1.82 });
    expect(ratios.afterInit).toEqual({ best: 4, median: 3.33 });
  });

  it('breaks the time from the start to the retrieved files down without a gap', () => {
    // The first step is what passed before the process had a clock: (590 - 450 + 390 - 290) / 2.
    expect(ours.breakdownMs).toEqual({ process: 120, node: 250, bundle: 80, retrieved: 40 });
  });

  it('measures the agent itself from what it took over from the program in front of it', () => {
    const withFront = agent(1000, 1200, { node: 300, bundle: 400, retrieved: 450 });
    const { agent: figures } = figuresOf([
      { ...withFront, takenOver: moment(1600) },
      probe(1000, 1200),
    ]);
    expect(figures.takenOverMs?.best).toBe(600);
    expect(figures.breakdownMs.process).toBe(140);
    expect(ours.takenOverMs).toBeNull();
  });
});
