// What the table expects against what the real kernel was seen to answer (outcomes.json, recorded in a lab machine).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { conformanceTable } from './table';

const recorded = JSON.parse(readFileSync(path.join(__dirname, 'outcomes.json'), 'utf8')) as {
  scenarios: Record<string, string[][]>;
};

describe('the kernel, as recorded', () => {
  it('covers the table and nothing else', () => {
    const ids = conformanceTable.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(recorded.scenarios).sort()).toEqual([...ids].sort());
    expect(ids.length).toBeGreaterThanOrEqual(60);
  });

  it.each(conformanceTable)('$id', ({ id, boots }) => {
    const expected = boots.map((steps) => steps.map((step) => step.expected));
    expect(recorded.scenarios[id]).toEqual(expected);
  });
});
