import { formatBlackout, formatHosts } from './words';

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
