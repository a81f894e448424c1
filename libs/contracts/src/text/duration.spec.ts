import fc from 'fast-check';
import { formatDuration, parseDurationMs } from './duration';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1m500ms', 60_500],
  ])('reads %s', (text, durationMs) => expect(parseDurationMs(text)).toBe(durationMs));

  it.each(['', '5', '5 s', 's', '-5s', '1.5s', '30s5m', '5m5m', '5d', 'PT5S', '5S', '1e3s'])(
    'refuses %j',
    (text) => expect(parseDurationMs(text)).toBeNull(),
  );

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), (durationMs) => {
        expect(parseDurationMs(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});
