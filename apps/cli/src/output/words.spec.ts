import { HOST_UPDATE_STATES } from '@luofleet/contracts';
import { ago, attentionRank, formatBlackout, formatCounts, formatHosts, formatSome } from './words';

it('counts one host as one', () => {
  expect([1, 0, 4].map(formatHosts)).toEqual(['1 host', '0 hosts', '4 hosts']);
});

it.each([
  [1, 'over 1 host'],
  [3, 'over 3 hosts'],
])('says over how many hosts a blackout was measured: %s', (count, end) => {
  const line = formatBlackout({ count, p50: 300, p99: 400, max: 401 });
  expect(line.endsWith(end)).toBe(true);
});

it('puts first what needs a person, and what is done last', () => {
  const order = ['of-tomorrow', ...HOST_UPDATE_STATES].sort(
    (a, b) => attentionRank(a) - attentionRank(b),
  );
  expect([order[0], order.at(-1)]).toEqual(['of-tomorrow', 'succeeded']);
  expect(order.indexOf('failed')).toBeLessThan(order.indexOf('running'));
  expect(attentionRank('pending', 'HOST_OFFLINE')).toBeLessThan(attentionRank('running'));
  expect(attentionRank('pending', 'WAITS_FOR_SLOT')).toBeGreaterThan(attentionRank('running'));
  expect(attentionRank('running', 'HOST_OFFLINE')).toBe(attentionRank('running'));
  expect(formatCounts({ succeeded: 4, running: 1, failed: 1, lost: 0 })).toBe(
    '1 failed, 1 running, 4 succeeded',
  );
});

it('says how long ago in one unit, and names some of many', () => {
  const nowMs = Date.parse('2026-01-10T00:00:00Z');
  const ages = ['2026-01-10T00:00:05Z', '2026-01-09T23:59:00Z', '2026-01-09T23:30:00Z'];
  expect(ages.map((at) => ago(at, nowMs))).toEqual(['0s', '60s', '30m']);
  expect([ago('2026-01-09T10:00:00Z', nowMs), ago('2026-01-01T00:00:00Z', nowMs)]).toEqual([
    ...['14h', '9d'],
  ]);
  expect(ago(null, nowMs)).toBe('-');
  expect(formatSome(['a', 'b', 'c'], 7, 2)).toBe('a, b and 5 more');
  expect(formatSome(['a'], 1)).toBe('a');
});
