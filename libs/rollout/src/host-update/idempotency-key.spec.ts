import { idempotencyKey, parseIdempotencyKey } from './idempotency-key';

const ID = '7b0c9f0e-3a52-4c5e-9a6d-0d6f5f0a1b2c';

it.each([
  [{ hostUpdateId: ID, phase: 'freeze', attempt: 2, finishTry: 0 }, `${ID}/freeze/2`],
  [{ hostUpdateId: ID, phase: 'finish', attempt: 1, finishTry: 3 }, `${ID}/finish/1/3`],
  [{ hostUpdateId: ID, phase: 'rollback', attempt: 1, finishTry: 0 }, `${ID}/rollback/1`],
] as const)('writes and reads %o', (name, key) => {
  expect(idempotencyKey(name.hostUpdateId, name.phase, name.attempt, name.finishTry)).toBe(key);
  expect(parseIdempotencyKey(key)).toEqual(name);
});

it.each([
  '',
  'a/b',
  `${ID}/freeze/0`,
  `${ID}/freeze/1/1`,
  `${ID}/finish/1`,
  `${ID}/thaw/1`,
  `${ID}/freeze/1x`,
])('does not read %j', (key) => expect(parseIdempotencyKey(key)).toBeNull());
