import { serializeError } from '../logger/logger';
import { causeChain } from './luofleet-error';

describe('causeChain', () => {
  it('has the name and the words of each cause, whatever it is', () => {
    const cause = new TypeError('b', { cause: { code: 'TIMEOUT', detail: 'took too long' } });
    expect(causeChain(new Error('a', { cause }))).toEqual([
      'Error: a',
      'TypeError: b',
      'took too long',
    ]);
    expect(causeChain({ a: 1 })).toEqual(['a thrown object {"a":1}']);
    expect(causeChain(new AggregateError([new Error('::1')], ''))).toEqual(['AggregateError: ::1']);
  });

  it('ends, however many causes there are', () => {
    const circular = new Error('a');
    circular.cause = circular;
    expect(causeChain(circular)).toEqual(['Error: a']);
    let deep = new Error('0');
    for (let n = 1; n < 100; n += 1) deep = new Error(String(n), { cause: deep });
    expect(causeChain(deep)).toHaveLength(8);
  });
});

describe('the error of a log line', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = Object.defineProperty(new Error('x'), 'stack', {
    get() {
      throw new Error('no');
    },
  });

  it.each([
    ['a revoked proxy', revoked.proxy, 'a thrown object'],
    ['a getter that throws', throwing, 'x'],
    ['an object', { a: 1 }, 'a thrown object {"a":1}'],
    ['an object without a prototype', Object.create(null) as unknown, 'a thrown object {}'],
    ['undefined', undefined, 'undefined'],
  ])('is written when it is %s', (_what, thrown, words) => {
    expect(serializeError(thrown)).toBe(words);
  });
});
