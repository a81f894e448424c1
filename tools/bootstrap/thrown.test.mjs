import assert from 'node:assert/strict';
import test from 'node:test';
import { Checks } from '../kernel-lab/checks.mjs';
import { explain } from '../kernel-lab/fleet-checks.mjs';
import { reportError, SetupError } from './setup-error.mjs';
import { causesOf, fieldOf, stackOf, wordsOf } from './thrown.mjs';

const angry = new Proxy(
  {},
  {
    get() {
      throw new Error('not even this');
    },
  },
);
const circle = new Error('round');
circle.cause = circle;
const THROWN = [
  ...[undefined, null, '', 'a text', 0, 7n, false, Symbol('s'), () => 1, {}, [], { code: 'EX' }],
  ...[
    Object.create(null),
    angry,
    circle,
    new Error(''),
    new AggregateError([1], ''),
    { cause: null },
  ],
  { message: 7, code: null, toString: null },
];

for (const [index, thrown] of THROWN.entries())
  test(`whatever is thrown is told (${index})`, () => {
    for (const words of [wordsOf(thrown), stackOf(thrown)]) {
      assert.equal(typeof words, 'string');
      assert.notEqual(words, '');
      assert.notEqual(words, '[object Object]');
    }
    fieldOf(thrown, 'code');
    assert.ok(causesOf(thrown).length <= 8);
    let said = '';
    for (const error of [thrown, new SetupError('set-up', { cause: thrown })]) {
      assert.equal(
        reportError(error, (text) => (said += text)),
        1,
      );
      assert.match(said, /\S/);
    }
    const checks = new Checks(() => {});
    checks.fail('a check', thrown);
    assert.equal(checks.failed, 1);
    assert.throws(
      () =>
        explain([], [], () => {
          throw thrown;
        }),
      SetupError,
    );
  });

test('what is said is what was said', () => {
  assert.equal(wordsOf(new Error('it broke')), 'it broke');
  assert.equal(wordsOf('a text'), 'a text');
  assert.equal(wordsOf({ code: 'ENOENT' }), 'ENOENT');
  let said = '';
  const error = new SetupError('x', { cause: new Error('y', { cause: 'z' }), advice: 'do' });
  reportError(error, (text) => (said += text));
  assert.equal(said, 'error: x\n  because: y\n  because: z\n  do\n');
});
