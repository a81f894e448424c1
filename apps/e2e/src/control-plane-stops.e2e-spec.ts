// The built control plane ends in bounded time whatever does not answer, with the exit code that the documentation names.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase, TcpProxy, type TestDatabase, until } from '@luofleet/testkit';
import { ManagedProcess, type ProcessEnd } from './harness/managed.process';

const program = path.resolve(__dirname, '../../../dist/apps/control-plane/main.cjs');
/** Of the process: 8 s for a stop, and what a slow machine takes to start. */
const BOUND_MS = 30_000;

describe('a control plane ends', () => {
  let directory: string;
  let database: TestDatabase;
  let postgres: TcpProxy;
  let redis: TcpProxy;
  let plane: ManagedProcess;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'luofleet-stop-'));
    database = await createTestDatabase();
    postgres = await TcpProxy.to(database.url);
    redis = await TcpProxy.to(process.env.REDIS_URL ?? '');
  });
  afterEach(async () => {
    await plane.kill();
    await Promise.all([postgres.close(), redis.close()]);
    await database.drop();
    rmSync(directory, { recursive: true });
  });

  const start = (httpPort = 0): ManagedProcess =>
    (plane = ManagedProcess.start({
      name: 'control-plane',
      command: [process.execPath, program, '--role', 'all'],
      env: {
        DATABASE_URL: postgres.inFrontOf(database.url),
        REDIS_URL: redis.inFrontOf(process.env.REDIS_URL ?? ''),
        REDIS_PREFIX: path.basename(directory),
        ...{ HTTP_PORT: String(httpPort), GRPC_PORT: '0' },
      },
      logFile: path.join(directory, 'control-plane.log'),
    }));
  const serving = () =>
    start().line((line) =>
      line.includes('"ready":true') ? (JSON.parse(line) as { httpPort: number }) : undefined,
    );
  const readiness = async ({ httpPort }: { httpPort: number }) =>
    (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status;
  const end = (): Promise<ProcessEnd> =>
    until('the control plane to end', () => (plane.running ? undefined : plane.ended), BOUND_MS);

  it.each([
    ['nothing', () => [], [0]],
    ['Postgres', () => [postgres], [0, 1]],
    ['Redis', () => [redis], [0, 1]],
    // Which would take longer than a stop may.
    ['both', () => [postgres, redis], [1]],
  ] as const)('on SIGTERM, silent: %s', async (_what, silent, codes) => {
    const ports = await serving();
    await until('readiness', async () => ((await readiness(ports)) === 200 ? true : undefined));
    for (const service of silent()) service.answering('none');
    if (silent().length > 0) expect(await readiness(ports)).toBe(503);
    process.kill(plane.pid, 'SIGTERM');
    const { code } = await end();
    expect(codes).toContain(code);
    if (code === 1) expect(plane.logTail()).toContain('did not stop within');
  });

  it('at once on a second signal', async () => {
    const ports = await serving();
    await until('readiness', async () => ((await readiness(ports)) === 200 ? true : undefined));
    for (const service of [postgres, redis]) service.answering('none');
    expect(await readiness(ports)).toBe(503);
    process.kill(plane.pid, 'SIGTERM');
    // No new connection is taken once the stop has begun, which is far from its end.
    process.kill(plane.pid, 'SIGINT');
    expect(await end()).toEqual({ code: 1, signal: null });
    expect(plane.logTail()).not.toContain('did not stop within');
  });

  it('with its reason when it can not start, also while Redis does not answer', async () => {
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
    const { port } = taken.address() as AddressInfo;
    redis.answering('none');
    start(port);
    const { code } = await end().finally(() => taken.close());
    expect(code).toBe(1);
    expect(plane.logTail()).toContain(String(port));
  });
});
