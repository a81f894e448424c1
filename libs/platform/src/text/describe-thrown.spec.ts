import fc from 'fast-check';
import { describeThrown, isPlainText } from '.';

class Hostile extends Error {
  override get message(): string {
    throw new Error('no');
  }
}
const circular: Record<string, unknown> = {};
circular['cause'] = circular;
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe('what was thrown', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('full'), 'full'],
    ['an error with causes', new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    ['a cause that the message names', new Error('a: b', { cause: new Error('b') }), 'a: b'],
    ['an error without words', new TypeError(''), 'TypeError'],
    [
      'a connection refused',
      Object.assign(new AggregateError([new Error('::1'), new Error('127.0.0.1')], ''), {
        code: 'ECONNREFUSED',
      }),
      '::1; 127.0.0.1',
    ],
    [
      'only a code',
      Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    [
      'an end of time',
      AbortSignal.timeout(0).reason ?? new DOMException('too long', 'TimeoutError'),
      'too long',
    ],
    ['a reason', { code: 'TIMEOUT', detail: 'took too long' }, 'took too long'],
    ['an object', { a: 1 }, 'a thrown object {"a":1}'],
    ['a circle', circular, 'a thrown object'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an empty text', '', 'something without a message'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a getter that throws', new Hostile(), 'Error'],
    ['a revoked proxy', revoked.proxy, 'a thrown object'],
  ])('is told when it is %s', (_what, thrown, words) => {
    expect(describeThrown(thrown)).toBe(words);
  });

  it('is one clean bounded line, whatever it is', () => {
    const errors = fc
      .tuple(fc.string(), fc.anything())
      .map(([message, cause]) => new Error(message, { cause }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
          errors,
        ),
        (thrown) => {
          const words = describeThrown(thrown);
          expect(words.trim()).not.toBe('');
          expect(words).not.toContain('[object Object]');
          expect(words.length).toBeLessThanOrEqual(2_000);
          expect(isPlainText(words)).toBe(true);
        },
      ),
    );
  });
});
