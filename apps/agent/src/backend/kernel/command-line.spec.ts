import fc from 'fast-check';
import { nextCommandLine, readMark, unfitCommandLine } from './command-line';

const command = { hostUpdateId: 'hu', attempt: 2, generation: 7n, release: null };
const fit = 'console=ttyS0 kho=on liveupdate=on';

describe('the next command line', () => {
  it('is the running one with the mark of this update alone', () => {
    const line = nextCommandLine(command, `${fit} luofleet.update=old/1/1`);
    expect(line).toBe(`${fit} luofleet.update=hu/2/7`);
    expect(readMark(line)).toEqual({ hostUpdateId: 'hu', attempt: 2, generation: 7n });
  });

  it('keeps what is quoted as it is', () => {
    const quoted = `note="a  b luofleet.update=x/1/1" ${fit} 'größe'`;
    expect(nextCommandLine(command, `${quoted} "luofleet.update=old/1/1"`)).toBe(
      `${quoted} luofleet.update=hu/2/7`,
    );
  });

  it('carries the mark whatever the line, and is not changed by the same mark again', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(["=-]|luofleet\.update=a\/1\/1|[k \t]){0,12}$/), (line) => {
        const next = nextCommandLine(command, line);
        if (unfitCommandLine(`${fit} ${line}`) === 'a quote in it is never closed') return;
        expect(readMark(next)).toEqual({ hostUpdateId: 'hu', attempt: 2, generation: 7n });
        expect(nextCommandLine(command, next)).toBe(next);
      }),
    );
  });

  it('keeps every byte of other characters', () => {
    const line = 'title=voilà -- à';
    expect(nextCommandLine(command, line)).toBe('title=voilà luofleet.update=hu/2/7 -- à');
  });

  it("keeps init's words last", () => {
    expect(nextCommandLine(command, `${fit} -- single`)).toBe(
      `${fit} luofleet.update=hu/2/7 -- single`,
    );
  });

  it.each([
    ['kho=on', /liveupdate=on/],
    ['liveupdate=on', /kho=on/],
    [`${fit} liveupdate=off`, /liveupdate=on/],
    ['kho=on -- liveupdate=on', /liveupdate=on/],
    ['kho=on note=" liveupdate=on "', /liveupdate=on/],
    ['"kho=on liveupdate=on"', /liveupdate=on/],
    [`${fit} note="luofleet.update=`, /never closed/],
    [`${fit} ${'x'.repeat(2048)}`, /2047 are allowed/],
  ])('is unfit: %.40s', (line, words) => {
    expect(unfitCommandLine(line)).toMatch(words);
  });

  it('is fit with both switches, however they are written', () => {
    expect(unfitCommandLine(fit)).toBeNull();
    expect(unfitCommandLine('kho=1 liveupdate=off liveupdate=y')).toBeNull();
    expect(unfitCommandLine('"kho=on" liveupdate="Yes, please" -- liveupdate=off')).toBeNull();
  });
});

describe('the mark', () => {
  it('is the last of several, and none of those for init', () => {
    const line = 'luofleet.update=a/1/1 luofleet.update=b/2/3 -- luofleet.update=c/4/5';
    expect(readMark(line)).toEqual({ hostUpdateId: 'b', attempt: 2, generation: 3n });
  });

  it.each(['', fit, 'luofleet.update=', 'luofleet.update=hu/1', 'luofleet.update=hu/x/1'])(
    'is not found in "%s"',
    (line) => {
      expect(readMark(line)).toBeNull();
    },
  );
});
