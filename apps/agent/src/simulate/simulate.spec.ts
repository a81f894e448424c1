import { simulate } from './simulate';

const needed = ['--hosts', '1', '--control-plane', '127.0.0.1:9'];

it.each([
  ['--hosts', '2'],
  ['--prefix', 'a', '--prefix', 'b'],
  ['--help', '--help'],
])('refuses an option that is given twice: %s %s', async (...more) => {
  await expect(simulate([...needed, ...more])).rejects.toThrow('is given more than once');
});

it.each([
  [['zone=1', 'zone=2'], 'zone is given twice'],
  [['zone=1', 'zone=1'], 'zone is given twice'],
  [['__proto__=1', '__proto__=2'], '__proto__'],
  [['a=b=c'], '--label a=b=c'],
  [['=b'], 'NAME=VALUE'],
  [['a'], 'NAME=VALUE'],
])('refuses the labels %j', async (labels, text) => {
  const more = labels.flatMap((label) => ['--label', label]);
  await expect(simulate([...needed, ...more])).rejects.toThrow(text);
});
