import { readOptions } from './read-options';

const options = {
  config: { type: 'string', short: 'c', default: 'none' },
  label: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const;
const read = (...args: string[]) =>
  readOptions({ args, options, allowPositionals: true, allowNegative: true });

it.each([
  ['--config', 'a', '--config', 'b'],
  ['--config', 'a', '--config', 'a'],
  ['--config=a', '-cb'],
  ['-c', 'a', '--label', 'x', '--config=b'],
  ['--help', '-h'],
  ['-hh'],
  ['--help', '--no-help'],
])('refuses an option that is given twice: %j', (...args) => {
  expect(() => read(...args)).toThrow(
    expect.objectContaining({ code: 'ERR_PARSE_ARGS_REPEATED_OPTION' }),
  );
});

it('adds up what adds up, keeps defaults and takes what follows -- for words', () => {
  const { values, positionals } = read('--label', 'a', '-h', '--label=b', '--', '--label', '-h');
  expect({ ...values }).toEqual({ config: 'none', label: ['a', 'b'], help: true });
  expect(positionals).toEqual(['--label', '-h']);
});

it('refuses what parseArgs refuses', () => {
  expect(() => read('--colour')).toThrow(/Unknown option/);
});
