import { LineClock, readRounds, type TimedLine } from './marks';

const agentLine = (msg: string, fields: object = {}) =>
  JSON.stringify({ level: 30, time: 1, ...fields, msg });

const retrieved = agentLine('retrieved', {
  ...{ files: 50, kernelAgeMs: 2500.5 },
  milestonesMs: { node: 300, bundle: 450, retrieved: 500 },
});

/** One line each hundred milliseconds; the machine is busy for half of the time. */
const timed = (...texts: string[]): TimedLine[] =>
  texts.map((text, i) => ({ text, at: { wallMs: i * 100, cpuMs: i * 50 } }));

const moment = (steps: number) => ({ wallMs: steps * 100, cpuMs: steps * 50 });

describe('readRounds', () => {
  it('reads a round of each side, among whatever else the console says', () => {
    const lines = timed(
      'LAB init',
      'BENCH start none',
      agentLine('workloads serve again'),
      agentLine('reboots into the staged kernel', { key: 'k' }),
      'tsc: Unable to calibrate against PIT',
      '[noise]LAB init',
      'BENCH start agent',
      retrieved,
      agentLine('workload started'),
      agentLine('workloads serve again', { blackoutMs: 1 }),
      agentLine('stopping'),
      'PROBE rebooting monotonicMs=9000.000',
      'LAB init',
      'BENCH start probe',
      'PROBE retrieved files=50 monotonicMs=2100.125',
      'PROBE finished monotonicMs=2101.000',
    );
    expect(readRounds(lines)).toEqual([
      {
        ...{ side: 'agent', init: moment(2), start: moment(3), retrieved: moment(4) },
        ...{ serving: moment(6), takenOver: null, files: 50, kernelAgeMs: 2500.5 },
        milestonesMs: { node: 300, bundle: 450, retrieved: 500 },
      },
      {
        ...{ side: 'probe', init: moment(1), start: moment(2), retrieved: moment(3) },
        ...{ serving: null, takenOver: null, files: 50, kernelAgeMs: 2100.125, milestonesMs: {} },
      },
    ]);
  });

  it('tells when the agent has what the program in front of it retrieved', () => {
    const lines = timed(
      agentLine('reboots into the staged kernel', { key: 'k' }),
      'LAB init',
      'BENCH start agent',
      agentLine('retrieved', { by: 'arrive', files: 50, kernelAgeMs: 900.5 }),
      agentLine('took over', { files: 50, kernelAgeMs: 2500.5, milestonesMs: { node: 300 } }),
      agentLine('workloads serve again'),
    );
    expect(readRounds(lines)).toEqual([
      {
        ...{ side: 'agent', init: moment(1), start: moment(2), retrieved: moment(3) },
        ...{ takenOver: moment(4), serving: moment(5), files: 50, kernelAgeMs: 900.5 },
        milestonesMs: { node: 300 },
      },
    ]);
  });

  it('leaves out the round under way', () => {
    const lines = timed('PROBE rebooting monotonicMs=1.000', 'LAB init', 'BENCH start probe');
    expect(readRounds(lines)).toEqual([]);
  });

  it('does not make up what is missing', () => {
    const without = (left: string) =>
      timed(
        ...['PROBE rebooting monotonicMs=1.000', 'LAB init', 'BENCH start probe'].filter(
          (line) => line !== left,
        ),
        'PROBE retrieved files=50 monotonicMs=2.000',
      );
    expect(readRounds(without(''))).toHaveLength(1);
    expect(() => readRounds(without('LAB init'))).toThrow(/marks of a probe round are missing/);
    expect(() => readRounds(without('BENCH start probe'))).toThrow(/missing/);
  });

  it('refuses a second reboot call within a round', () => {
    const lines = timed('PROBE rebooting monotonicMs=1.000', 'PROBE rebooting monotonicMs=2.000');
    expect(() => readRounds(lines)).toThrow(/before the last one ended/);
  });

  it('takes no other line of the agent for a mark', () => {
    const lines = timed(
      agentLine('reboots into the staged kernel'),
      'LAB init',
      'BENCH start agent',
      agentLine('said retrieved'),
      agentLine('x', { text: 'workloads serve again' }),
      '{"level":30,"msg":"workloads serve ag',
    );
    expect(readRounds(lines)).toEqual([]);
  });
});

describe('LineClock', () => {
  it('gives a line the time of the text that completed it', () => {
    const clock = new LineClock();
    clock.add('LAB in', moment(1));
    clock.add('it\r\nBENCH start probe\nPRO', moment(2));
    clock.add('BE', moment(3));
    expect(clock.lines).toEqual([
      { text: 'LAB init', at: moment(2) },
      { text: 'BENCH start probe', at: moment(2) },
    ]);
  });
});
