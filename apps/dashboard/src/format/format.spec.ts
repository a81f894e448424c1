import { countOf, formatBytes, percentOf } from './quantity';
import { formatAge, formatBlackout, formatElapsed, formatMoment, formatTimeOfDay } from './time';

describe('times', () => {
  const nowMs = Date.UTC(2026, 10, 24, 0, 31, 5);

  it.each([
    [0, 'just now'],
    [1500, 'just now'],
    [42_000, '42 s ago'],
    [5 * 60_000 + 59_000, '5 min ago'],
    [26 * 3_600_000, '26 h ago'],
    [12 * 86_400_000, '12 d ago'],
    [-5000, 'in 5 s'],
  ])('ages %d ms as %s', (ageMs, text) => expect(formatAge(nowMs - ageMs, nowMs)).toBe(text));

  it.each([
    [840, '840 ms'],
    [12_430, '12.4 s'],
    [185_000, '3 min 05 s'],
    [7_805_000, '2 h 10 min'],
    [-3, '0 ms'],
  ])('spans %d ms as %s', (ms, text) => expect(formatElapsed(ms)).toBe(text));

  it.each([
    [4.816, '4.82 ms'],
    [41.26, '41.3 ms'],
    [511.6, '512 ms'],
    [1214, '1.21 s'],
  ])('writes a blackout of %d ms as %s', (ms, text) => expect(formatBlackout(ms)).toBe(text));

  it('always names the zone', () => {
    expect(formatMoment(nowMs, 'Europe/Paris')).toBe('24 Nov 2026, 01:31:05 CET');
    expect(formatMoment(nowMs, 'UTC')).toBe('24 Nov 2026, 00:31:05 UTC');
    expect(formatTimeOfDay(nowMs, 'UTC')).toBe('00:31:05 UTC');
  });
});

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [64 * 1024 * 1024, '64 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('counts in words', () => {
    expect(countOf(1, 'host')).toBe('1 host');
    expect(countOf(10_000, 'host')).toBe('10,000 hosts');
  });

  it('says 100% only when nothing is left, and 0% only when nothing is done', () => {
    expect([percentOf(9_999, 10_000), percentOf(1, 10_000)]).toEqual([99, 1]);
    expect([percentOf(5, 5), percentOf(0, 5), percentOf(0, 0)]).toEqual([100, 0, 0]);
  });
});
