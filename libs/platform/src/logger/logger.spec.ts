import fs from 'node:fs';
import fc from 'fast-check';
import { isPlainText } from '../text';
import { createLogger } from './logger';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\u001b[31m',
        '\u009b',
        '\u0000',
        '\u2028',
        '\u202e',
        '\ud800',
        '"',
      ),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

it('writes one line whatever is logged, without one raw control character', () => {
  let written = '';
  const write = jest.spyOn(fs, 'writeSync').mockImplementation((_fd, text) => {
    written += String(text);
    return Buffer.byteLength(String(text));
  });
  try {
    fc.assert(
      fc.property(hostile, hostile, (key, text) => {
        written = '';
        const error = Object.assign(new Error(text, { cause: text }), { subject: text });
        const log = createLogger({ level: 'info', name: text, fields: { [key]: text } });
        log
          .child({ host: text })
          .warn(text, { workload: text, deep: { [key]: [text] }, err: error });
        expect(written.endsWith('\n')).toBe(true);
        const [line = '', ...more] = written.slice(0, -1).split('\n');
        expect(more).toEqual([]);
        expect(isPlainText(line)).toBe(true);
        expect(JSON.parse(line)).toMatchObject({
          ...{ name: text, host: text, workload: text, msg: text, deep: { [key]: [text] } },
          err: { subject: text },
        });
      }),
    );
  } finally {
    write.mockRestore();
  }
});
