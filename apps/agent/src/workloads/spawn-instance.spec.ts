import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setCloseOnExec } from '@luofleet/linux';
import { spawnInstance, type HandedDescriptor } from './spawn-instance';

describe('a workload is started with', () => {
  let directory: string;
  const before = { ...process.env };

  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'luofleet-spawn-'))));
  afterEach(() => {
    rmSync(directory, { recursive: true });
    process.env = { ...before };
  });

  /** What a workload with this command says. */
  async function saidBy(
    command: string[],
    env: Record<string, string> = {},
    descriptors: HandedDescriptor[] = [],
  ): Promise<string> {
    const child = spawnInstance({
      workload: { name: 'one', command, env, cwd: directory },
      ...{ instance: 'none', incarnationId: 'i', socket: '/none', logDir: directory, descriptors },
    });
    await once(child, 'exit');
    return readFileSync(path.join(directory, 'one.log'), 'utf8');
  }
  const environmentOf = async (...args: Parameters<typeof saidBy>) => {
    const pairs = (await saidBy(...args)).split('\0').filter(Boolean);
    return Object.fromEntries(
      pairs.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]),
    );
  };

  it('every variable of its settings, whatever its name and value', async () => {
    const env = {
      ...{ PORT: '1', 'spring.profiles.active': 'a b', 'x-y': `"'$HOME\n`, '1st': '', 'ä ö': '=' },
      ...{ IFS: ',', OPTIND: '9', PPID: '1', UID: '7', EUID: '8', PS1: '$ ', HOME: '/nowhere' },
    };
    expect(await environmentOf(['cat', '/proc/self/environ'], env)).toMatchObject(env);
    // The same without a program in between.
    const { PORT } = await environmentOf(['cat', '/proc/self/environ'], { PORT: '2' });
    expect(PORT).toBe('2');
  });

  it('nothing that the supervisor of the agent meant for the agent', async () => {
    const agents = {
      ...{ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1', WATCHDOG_PID: '1', LISTEN_FDS: '2' },
      ...{ LISTEN_PID: '1', LISTEN_FDNAMES: 'a:b', CREDENTIALS_DIRECTORY: '/run/c', MAINPID: '1' },
      ...{ LUOFLEET_HANDOVER_FD: '9', LUOFLEET_ARRIVAL: '9', LUOFLEET_LOCKS: '9', FDSTORE: '1' },
    };
    Object.assign(process.env, agents, { OTHER: 'x' });
    const env = await environmentOf(['cat', '/proc/self/environ']);
    expect(Object.keys(env).filter((name) => name in agents)).toEqual([]);
    expect(env.OTHER).toBe('x');
  });

  it('the descriptors that are handed to it, in their order, and no other', async () => {
    const handed = ['a', 'b'].map((name) => {
      writeFileSync(path.join(directory, name), '');
      return { fd: openSync(path.join(directory, name), 'r'), name };
    });
    const leaked = openSync('/etc/hostname', 'r');
    setCloseOnExec(leaked, false);
    const list = 'for fd in /proc/$$/fd/*; do echo "${fd##*/} $(readlink $fd)"; done; sleep 0';
    const said = await saidBy(['sh', '-c', list], {}, handed.toReversed());
    for (const fd of [leaked, ...handed.map((one) => one.fd)]) closeSync(fd);
    const open = said.split('\n').filter((line) => /^\d/.test(line) && !line.includes('pipe:'));
    const log = path.join(directory, 'one.log');
    expect(open).toEqual([
      '0 /dev/null',
      ...[`1 ${log}`, `2 ${log}`],
      ...[`3 ${directory}/b`, `4 ${directory}/a`],
    ]);
  });

  it('no signal blocked or ignored, whatever its agent does, in its directory and a session of its own', async () => {
    const ignore = () => undefined;
    process.on('SIGHUP', ignore);
    // Without a child: while it starts one, a shell has signals blocked.
    const show = 'while read -r line; do echo "$line"; done </proc/self/';
    const said = await saidBy(['sh', '-c', `${show}status; ${show}stat; pwd`]);
    process.off('SIGHUP', ignore);
    expect(said).toMatch(/^SigBlk:\s0+$/m);
    expect(said).toMatch(/^SigIgn:\s0+$/m);
    expect(said).toContain(`${directory}\n`);
    const [, pid, session] = /^(\d+) \(sh\) \w \d+ \d+ (\d+) 0 /m.exec(said)!;
    expect(session).toBe(pid);
  });
});
