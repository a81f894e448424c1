/**
 * `npm start` as a user has it, and every command the README shows, against it.
 *
 * DATABASE_URL and REDIS_URL are taken away, so that it brings its own Postgres and Redis.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const workspace = path.resolve(__dirname, '../../..');

interface Started {
  readonly child: ChildProcess;
  readonly output: () => { stdout: string; stderr: string };
  /** Resolves to the first match in stdout; rejects when the process ends before. */
  readonly shows: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly ended: Promise<number | null>;
}

const children: ChildProcess[] = [];

function npmStart(...args: string[]): Started {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...env } = process.env;
  const child = spawn(process.execPath, ['tools/bootstrap/start.mjs', ...args], {
    cwd: workspace,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const shows = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (match) resolve(match);
      };
      child.stdout.on('data', look);
      look();
      void ended.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)));
    });
  return { child, output: () => ({ stdout, stderr }), shows, ended };
}

/** Pids of everything that a run of `npm start` brought up, workloads included. */
function processesMentioning(text: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return ['cmdline', 'environ'].some((file) =>
        readFileSync(`/proc/${name}/${file}`, 'latin1').includes(text),
      );
    } catch {
      return false; // gone in between
    }
  });
}

const runOf = (logs: string): string => path.basename(path.dirname(logs));

afterAll(() => children.forEach((child) => child.kill('SIGTERM')));

describe('npm start', () => {
  it('--once --json: one rollout, one line of JSON, everything stopped', async () => {
    const started = npmStart('--once', '--json', '--hosts', '2', '--simulated', '20');
    const code = await started.ended;
    const { stdout, stderr } = started.output();
    if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(summary).toEqual({
      rollout: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        state: 'succeeded',
        hosts: { total: 22, succeeded: 22, failed: 0, rolledBack: 0 },
        durationMs: expect.any(Number),
        blackoutMs: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
      },
      sessions: 44,
      files: expect.any(Number),
    });
    expect(summary.files).toBeGreaterThanOrEqual(2 * 2 + 20 * 8);
  });

  it('says what is wrong with its flags', async () => {
    const started = npmStart('--hosts', 'many');
    expect(await started.ended).toBe(2);
    expect(started.output().stderr).toContain(
      '--hosts takes a whole number from 0 to 64, not many',
    );
  });
});

describe('the README', () => {
  let started: Started;
  let server: string;
  let logs: string;

  beforeAll(async () => {
    started = npmStart('--hosts', '2');
    const [, url = '', folder = ''] = await started.shows(/Serving: (\S+) .*Logs: (\S+)\. /);
    [server, logs] = [url, folder];
  });

  it('shows commands that work as they stand', () => {
    const readme = readFileSync(path.join(workspace, 'README.md'), 'utf8');
    const [, commands = ''] = /```sh\n(.*?)```/s.exec(readme) ?? [];
    expect(commands).toContain('luofleet apply');
    const output = execFileSync('bash', ['-O', 'expand_aliases', '-ec', commands], {
      cwd: workspace,
      env: { ...process.env, LUOFLEET_SERVER: server },
      encoding: 'utf8',
    });
    expect(output).toMatch(/host-2/);
    expect(output).toMatch(/succeeded/);
  });

  it('a second npm start beside the first has ports of its own, and leaves it alone', async () => {
    const second = npmStart('--hosts', '1');
    const [, url = ''] = await second.shows(/Serving: (\S+) /);
    expect(url).not.toBe(server);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    expect((await fetch(`${server}/readyz`)).status).toBe(200);
  });

  it('Ctrl-C stops everything, workloads too', async () => {
    const run = runOf(logs);
    expect(processesMentioning(run).length).toBeGreaterThan(5);
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(processesMentioning(run)).toEqual([]);
  });

  it('killed with SIGKILL, it leaves nothing either', async () => {
    const victim = npmStart('--hosts', '1');
    const [, folder = ''] = await victim.shows(/Logs: (\S+)\. /);
    const run = runOf(folder);
    victim.child.kill('SIGKILL');
    await victim.ended;
    // The warden is the last to go; its command line names the run.
    while (processesMentioning(run).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });
});
