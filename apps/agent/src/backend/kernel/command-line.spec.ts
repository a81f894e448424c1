import { nextCommandLine, readMark, unfitCommandLine } from './command-line';

const command = { hostUpdateId: 'hu', attempt: 2, generation: 7n, release: null };
const fit = 'console=ttyS0 kho=on liveupdate=on';

describe('the next command line', () => {
  it('is the running one with the mark of this update alone', () => {
    const line = nextCommandLine(command, `${fit} luofleet.update=old/1/1`);
    expect(line).toBe(`${fit} luofleet.update=hu/2/7`);
    expect(readMark(line)).toEqual({ hostUpdateId: 'hu', attempt: 2, generation: 7n });
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
    [`${fit} ${'x'.repeat(2048)}`, /2047 are allowed/],
  ])('is unfit: %.40s', (line, words) => {
    expect(unfitCommandLine(line)).toMatch(words);
  });

  it('is fit with both switches, however they are written', () => {
    expect(unfitCommandLine(fit)).toBeNull();
    expect(unfitCommandLine('kho=1 liveupdate=off liveupdate=y')).toBeNull();
  });
});

describe('the mark', () => {
  it.each(['', fit, 'luofleet.update=', 'luofleet.update=hu/1', 'luofleet.update=hu/x/1'])(
    'is not found in "%s"',
    (line) => {
      expect(readMark(line)).toBeNull();
    },
  );
});
