import { readJson } from './read-json';

it('escapes every text of an answer, however deep, keys too', () => {
  const hostile = '\u001b[31m\u202egnp.exe\u0000';
  const answer = {
    items: [{ name: hostile, labels: { [hostile]: 'ä😀' }, attempt: 1, reason: null }],
  };
  const escaped = '\\u001b[31m\\u202egnp.exe\\u0000';
  expect(readJson(JSON.stringify(answer))).toEqual({
    items: [{ name: escaped, labels: { [escaped]: 'ä😀' }, attempt: 1, reason: null }],
  });
});

it('knows what is no JSON', () => {
  expect(readJson('<html>')).toBeUndefined();
});
