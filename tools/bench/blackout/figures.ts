// Rounds as figures: per side the best and the median, and how many times the probe's the agent's are.
import { since, type Round, type Side } from './marks';

export interface Spread {
  best: number;
  median: number;
}

export interface SideFigures {
  rounds: number;
  /** From the reboot call to all files retrieved. */
  totalMs: Spread;
  /** From the first line of init to all files retrieved. */
  afterInitMs: Spread;
  /** The same in processor time of the machine, which other programs on the host disturb less. */
  afterInitCpuMs: Spread;
  /** From the reboot call to the first line of init: shutdown, kexec, the kernel's own start. */
  untilInitMs: Spread;
  /** From the first line of init to the side's program being started: what init does first. */
  initScriptMs: Spread;
}

export interface BlackoutFigures {
  agent: SideFigures & {
    /** From the reboot call until the workload serves, its own start included. */
    servingMs: Spread;
    /**
     * From the first line of init until the agent itself has the files; null where it retrieved them by itself, which is
     * then `afterInitMs`.
     */
    takenOverMs: Spread | null;
    /** Steps of the way from the program's start until the agent has all files; medians. */
    breakdownMs: Record<string, number>;
  };
  probe: SideFigures;
  ratios: { total: Spread; afterInit: Spread; afterInitCpu: Spread };
}

export const spreadOf = (values: readonly number[]): Spread => {
  if (values.length === 0) throw new Error('no rounds');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  return { best: rounded(sorted[0] ?? 0), median: rounded(median) };
};

export function figuresOf(rounds: readonly Round[]): BlackoutFigures {
  const agentRounds = rounds.filter(({ side }) => side === 'agent');
  const agent = sideFigures('agent', rounds);
  const probe = sideFigures('probe', rounds);
  return {
    agent: {
      ...agent,
      servingMs: spreadOf(agentRounds.map(({ serving }) => serving?.wallMs ?? NaN)),
      takenOverMs: takenOverOf(agentRounds),
      breakdownMs: breakdownOf(agentRounds),
    },
    probe,
    ratios: {
      total: ratio(agent.totalMs, probe.totalMs),
      afterInit: ratio(agent.afterInitMs, probe.afterInitMs),
      afterInitCpu: ratio(agent.afterInitCpuMs, probe.afterInitCpuMs),
    },
  };
}

function sideFigures(side: Side, all: readonly Round[]): SideFigures {
  const rounds = all.filter((one) => one.side === side);
  return {
    rounds: rounds.length,
    totalMs: spreadOf(rounds.map(({ retrieved }) => retrieved.wallMs)),
    afterInitMs: spreadOf(rounds.map(({ retrieved, init }) => since(init, retrieved).wallMs)),
    afterInitCpuMs: spreadOf(rounds.map(({ retrieved, init }) => since(init, retrieved).cpuMs)),
    untilInitMs: spreadOf(rounds.map(({ init }) => init.wallMs)),
    initScriptMs: spreadOf(rounds.map(({ start, init }) => since(init, start).wallMs)),
  };
}

function takenOverOf(rounds: readonly Round[]): Spread | null {
  const values = rounds.flatMap(({ takenOver, init }) =>
    takenOver === null ? [] : [since(init, takenOver).wallMs],
  );
  return values.length === 0 ? null : spreadOf(values);
}

/** Each milestone's distance to the one before it. The first is measured from the host's mark of the start. */
function breakdownOf(rounds: readonly Round[]): Record<string, number> {
  const steps = new Map<string, number[]>();
  for (const { milestonesMs, start, retrieved, takenOver } of rounds) {
    const entries = Object.entries(milestonesMs).sort(([, a], [, b]) => a - b);
    const last = entries.at(-1)?.[1] ?? 0;
    // The program's own clock begins after the kernel has read and linked it.
    let before = last - since(start, takenOver ?? retrieved).wallMs;
    for (const [name, atMs] of [['process', 0] as const, ...entries]) {
      steps.set(name, [...(steps.get(name) ?? []), atMs - before]);
      before = atMs;
    }
  }
  return Object.fromEntries([...steps].map(([name, values]) => [name, spreadOf(values).median]));
}

const ratio = (ours: Spread, theirs: Spread): Spread => ({
  best: rounded(ours.best / theirs.best, 2),
  median: rounded(ours.median / theirs.median, 2),
});

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
