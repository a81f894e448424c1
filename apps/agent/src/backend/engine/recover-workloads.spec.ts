import type { Crossing } from '../../journal/journal.state';
import type { FoundInstance } from '../../workloads/process-table';
import { chooseSurvivor } from './recover-workloads';

const found = (instance: string, incarnationId: string): FoundInstance => ({
  ...{ workload: 'kv', instance, incarnationId, process: { pid: 1, startTicks: '1' } },
});
const older = found('old', 'before');
const newer = found('new', 'after');

const crossing = (outcome: 'succeeded' | 'failed' | null): Crossing => ({
  ...{
    key: 'k',
    hostUpdateId: 'hu',
    attempt: 1,
    fromVersion: '1',
    toVersion: '2',
    imageSha256: 'a',
  },
  booted: { version: '2', incarnationId: 'after', bootId: 'b' },
  retrieved: outcome === null ? null : ({ outcome } as Crossing['retrieved']),
});

describe('chooseSurvivor', () => {
  it.each([
    ['the old one before the take-over', [older, newer], crossing(null), 'old'],
    ['the old one when retrieve failed', [older, newer], crossing('failed'), 'old'],
    ['the new one after the take-over', [older, newer], crossing('succeeded'), 'new'],
    ['the new one when the old one is gone', [newer], crossing(null), 'new'],
    ['the old one when the new one is gone', [older], crossing('succeeded'), 'old'],
    ['the only one without an update', [older], null, 'old'],
  ])('keeps %s', (_what, candidates, when, expected) => {
    expect(chooseSurvivor(candidates, when)?.instance).toBe(expected);
  });

  it('has nobody to keep when all are gone', () => {
    expect(chooseSurvivor([], crossing(null))).toBeUndefined();
  });
});
