import fc from 'fast-check';
import { isPlainText } from '@luofleet/platform/text';
import { createLog } from './log';

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

it('writes one line whatever a host or workload is called, without one raw control character', () => {
  fc.assert(
    fc.property(hostile, hostile, (key, text) => {
      const lines: string[] = [];
      const log = createLog({ host: text }, (line) => lines.push(line)).child({ workload: text });
      log.error(text, { [key]: text, deep: { [key]: [text] } });
      expect(lines).toHaveLength(1);
      expect(lines[0]?.includes('\n')).toBe(false);
      expect(isPlainText(lines[0] ?? '')).toBe(true);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ host: text, msg: text });
    }),
  );
});
