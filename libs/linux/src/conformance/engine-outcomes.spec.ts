// The engine's `upstream` profile against what the real kernel was seen to answer, over the same table: all scenarios in
// one machine, one live update between two boots, as in the lab.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { engineDifferences } from './engine-differences';
import { EngineSystem } from './engine-system';
import type { Outcome } from './operation';
import { ScenarioRun } from './scenario-run';
import { bootsNeeded, conformanceTable } from './table';

const { scenarios: kernel } = JSON.parse(
  readFileSync(path.join(__dirname, 'outcomes.json'), 'utf8'),
) as { scenarios: Record<string, Outcome[][]> };

const isOutside = (id: string): boolean => {
  const difference = engineDifferences.get(id);
  return difference !== undefined && 'outside' in difference;
};
const applicable = conformanceTable.filter(({ id }) => !isOutside(id));
const engine: Record<string, Outcome[][]> = {};

beforeAll(async () => {
  const system = new EngineSystem();
  for (let boot = 0; boot < bootsNeeded; boot += 1) {
    if (boot > 0) await system.reboot();
    for (const scenario of applicable.filter(({ boots }) => boots.length > boot)) {
      (engine[scenario.id] ??= []).push(await new ScenarioRun(scenario, system).boot(boot));
    }
  }
});

/** The kernel's outcomes with the listed differences put in. */
function expectedOf(id: string): Outcome[][] {
  const outcomes = structuredClone(kernel[id] ?? []);
  const difference = engineDifferences.get(id);
  if (difference === undefined || 'outside' in difference) return outcomes;
  for (const [place, outcome] of Object.entries(difference.outcomes)) {
    const [boot = 0, step = 0] = place.split('.').map(Number);
    const list = outcomes[boot];
    // A listed difference that is none any more must be taken off the list.
    expect(list?.[step]).not.toBe(outcome);
    if (list !== undefined) list[step] = outcome;
  }
  return outcomes;
}

describe('the engine, as the kernel', () => {
  it('shares at least 60 scenarios with it, and lists only scenarios of the table', () => {
    expect(applicable.length).toBeGreaterThanOrEqual(60);
    const ids = new Set(conformanceTable.map(({ id }) => id));
    expect([...engineDifferences.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  it.each(applicable)('$id', ({ id }) => {
    expect(engine[id]).toEqual(expectedOf(id));
  });
});
