// The native program in front of the agent, as far as it goes without a live update; the rest is shown in virtual machines.
import { spawnSync } from 'node:child_process';
import { readMark } from '../backend/kernel/command-line';
import { compileNativeProgram, compileNativeTest } from '../testing/native-program';

describe('arrive', () => {
  const program = compileNativeProgram('arrive.c');
  const run = (...args: string[]) =>
    spawnSync(program, args, {
      env: { ...process.env, LUOFLEET_ARRIVAL: '9' },
      encoding: 'utf8',
    });

  it('becomes the program, without a record where no live update booted the kernel', () => {
    const { status, stdout } = run('sh', '-c', 'echo "$0 ${LUOFLEET_ARRIVAL-none}"; exit 7', 'x y');
    expect([status, stdout]).toEqual([7, 'x y none\n']);
  });

  it('opens nothing in the place of a standard descriptor that is closed', () => {
    const closed = 'exec "$0" readlink /proc/self/fd/0 /proc/self/fd/2 <&- 2>&-';
    const { stdout } = spawnSync('sh', ['-c', closed, program], { encoding: 'utf8' });
    expect(stdout).toBe('/dev/null\n/dev/null\n');
  });

  it('tells when it can not', () => {
    const { status, stderr } = run('/nonexistent');
    expect([status, stderr]).toEqual([127, 'arrive: /nonexistent: No such file or directory\n']);
    expect(run().status).toBe(2);
  });
});

describe('the boot mark as arrive reads it', () => {
  const program = compileNativeTest('boot-mark.test.c');
  const hasMark = (line: string) =>
    spawnSync(program, [line], { encoding: 'utf8' }).stdout === 'yes\n';

  it.each([
    'kho=on luofleet.update=hu/1/2',
    'luofleet.update=hu/1/2 quiet\n',
    'luofleet.update=torn luofleet.update=a-b.c/12/18446744073709551615 -- init',
  ])('is there in %j', (line) => {
    expect(readMark(line)).not.toBeNull();
    expect(hasMark(line)).toBe(true);
  });

  it.each([
    '',
    'quiet',
    'luofleet.update=hu/1',
    'luofleet.update=hu/1/2x',
    'luofleet.update=/1/2',
    'luofleet.update=hu/x/2',
    'x.luofleet.update=hu/1/2',
    'luofleet.update=hu/1/2 luofleet.update=',
    'init=/sbin/init -- luofleet.update=hu/1/2',
  ])('is not there in %j', (line) => {
    expect(readMark(line)).toBeNull();
    expect(hasMark(line)).toBe(false);
  });

  it('is left to the agent where quotes are', () => {
    expect(hasMark('a="b c" luofleet.update=hu/1/2')).toBe(false);
    expect(hasMark('a="b luofleet.update=hu/1/2"')).toBe(false);
  });
});
