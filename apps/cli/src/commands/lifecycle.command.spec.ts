import type { HostState } from '@luofleet/contracts';
import { runProgram } from '../testing/fake-terminal';
import * as fixtures from '../testing/fleet.fixtures';
import { ScriptedServer, sendJson, sendProblem } from '../testing/scripted-server';

const server = new ScriptedServer();
let address: string;

beforeAll(async () => {
  address = await server.start();
});
beforeEach(() => {
  server.seen.length = 0;
});
afterAll(() => server.stop());

const run = (...args: string[]) => runProgram(['--server', address, ...args]);
const asked = () => server.seen.map(({ method, url, body }) => [method, url, body]);
const host = (state: HostState) => fixtures.host('web 1', { state });

describe('decommission and recommission', () => {
  it('says what would happen and does nothing without --yes', async () => {
    server.answer = (_request, response) => sendJson(response, host('online'));
    const ran = await run('decommission', 'host', 'web 1');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('host web 1 is online and runs 1.0.0');
    expect(ran.stderr).toContain('--yes');
    expect(asked()).toEqual([['GET', '/api/v1/hosts/web%201', '']]);
  });

  it('takes the host out, with the reason, and says the undo', async () => {
    server.answer = (_request, response) => sendJson(response, host('decommissioned'));
    const ran = await run('decommission', 'host', 'web 1', '--yes', '--reason', 'burnt');
    expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('undo: luofleet recommission host 9c5b94b1');
    expect(asked()).toEqual([['POST', '/api/v1/hosts/web%201/decommission', '{"reason":"burnt"}']]);
  });

  it('takes it in again, and shows a refusal', async () => {
    server.answer = (_request, response) => sendJson(response, host('offline'));
    expect((await run('recommission', 'host', 'h-1')).stdout).toContain('in the fleet, offline');
    server.answer = (_request, response) => sendProblem(response, 409, 'ALREADY_EXISTS');
    const refused = await run('recommission', 'host', 'h-1');
    expect([refused.exitCode, refused.stderr.includes('ALREADY_EXISTS')]).toEqual([1, true]);
  });

  it('lists decommissioned hosts when asked for', async () => {
    server.answer = (_request, response) => sendJson(response, { items: [], nextCursor: null });
    await run('get', 'hosts', '--state', 'decommissioned');
    expect(server.seen[0]?.url).toContain('state=decommissioned');
  });
});

describe('skip and unskip', () => {
  const hosts = { total: 3, byState: { skipped: 2, running: 1 }, byPhase: {} };

  it.each([
    [['skip', 'r', 'a', 'b'], 'skip', { hosts: ['a', 'b'], offline: false }],
    [
      ['skip', 'r', '--offline', '--reason', 'x'],
      'skip',
      { hosts: [], offline: true, reason: 'x' },
    ],
    [['unskip', 'r', 'a'], 'unskip', { hosts: ['a'] }],
  ])('%j asks for it', async (args, verb, body) => {
    server.answer = (_request, response) =>
      sendJson(response, fixtures.rollout('running', { hosts }));
    const ran = await run(...args);
    expect([ran.exitCode, ran.stdout]).toEqual([0, 'rollout r is running: 1 running, 2 skipped\n']);
    expect(server.seen.map(({ url }) => url)).toEqual([`/api/v1/rollouts/r/${verb}`]);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(body);
  });

  it('asks which hosts', async () => {
    const ran = await run('skip', 'r');
    expect([ran.exitCode, server.seen]).toEqual([2, []]);
    expect(ran.stderr).toContain('--offline');
  });
});
