import type { RolloutResponse } from '@luofleet/contracts';
import { runProgram } from '../testing/fake-terminal';
import { page, rollout, update } from '../testing/fleet.fixtures';
import { ScriptedServer, sendJson } from '../testing/scripted-server';

const server = new ScriptedServer();
let address: string;

beforeAll(async () => {
  address = await server.start();
});
beforeEach(() => {
  server.seen.length = 0;
});
afterAll(() => server.stop());

const failed = (index: number) =>
  update(`web-${100 + index}`, {
    state: index < 8 ? 'rolled-back' : 'lost',
    phase: index < 8 ? 'freeze' : 'reboot',
    reason:
      index < 8
        ? {
            ...{ code: 'FREEZE_FAILED', errnoCode: 'ENOMEM', subject: 'memory-buffer' },
            detail: `web-${100 + index} has no memory`,
          }
        : { code: 'DEADLINE', detail: `no answer, try ${index}` },
  });

const waits = (count: number): RolloutResponse['report'] => ({
  headline: '9 of 300 done',
  failuresLeft: 0,
  waitCounts: { WAITS_FOR_WAVE: 280, HOST_OFFLINE: 1 },
  waiting: [
    {
      ...{ subject: 'host-update', id: 'x', name: 'db-1', until: null },
      reason: { code: 'HOST_OFFLINE', detail: 'the agent of db-1 is not connected' },
    },
    ...Array.from({ length: count }, (_, index) => ({
      ...{ subject: 'host-update' as const, id: 'x', name: `web-${index}`, until: null },
      reason: { code: 'WAITS_FOR_WAVE', detail: 'wave 1 has not ended' },
    })),
  ],
  waitingLeftOut: 80,
});

const troubled = rollout('paused', {
  hosts: {
    ...{ total: 300, byPhase: {} },
    byState: { succeeded: 9, pending: 281, 'rolled-back': 8, lost: 2 },
  },
  report: waits(200),
});

function serve(whole: RolloutResponse, failures = Array.from({ length: 10 }, (_, i) => failed(i))) {
  server.answer = ({ url }, response) => {
    const { pathname, searchParams } = new URL(url, address);
    if (!pathname.endsWith('/updates')) return sendJson(response, whole);
    const state = searchParams.get('state');
    return sendJson(
      response,
      page(failures.filter((one) => state === null || one.state === state)),
    );
  };
}

const run = (...args: string[]) => runProgram(['--server', address, ...args]);

it('lists failures by cause and waits by code, before anything else', async () => {
  serve(troubled);
  const { stdout } = await run('describe', 'rollout', 'r');
  const lines = stdout.split('\n');
  expect(lines.slice(3, 16)).toEqual([
    'Hosts   9 of 300 succeeded: 2 lost, 8 rolled-back, 281 pending, 9 succeeded',
    '',
    'Failed',
    '  FREEZE_FAILED (ENOMEM) in freeze of memory-buffer, rolled-back: 8 hosts: ' +
      'web-100, web-101, web-102, web-103, web-104, web-105, web-106, web-107',
    '    web-100 has no memory',
    '  DEADLINE in reboot, lost: 2 hosts: web-108, web-109',
    '    no answer, try 8 (of web-108; others differ)',
    '  to list them first: luofleet get updates r; to do them again: luofleet retry r',
    '',
    'Waiting',
    '  HOST_OFFLINE: 1 host: db-1',
    '    the agent of db-1 is not connected',
    '  WAITS_FOR_WAVE: 280 hosts: ' +
      `${Array.from({ length: 8 }, (_, index) => `web-${index}`).join(', ')} and 272 more`,
  ]);
  expect(lines.length).toBeLessThan(40);
  const asked = server.seen.map(({ url }) => new URL(url, address).searchParams.get('state'));
  expect(asked).toEqual([null, 'rolled-back', 'lost']);
});

it('says of one more cause than is shown that there are more', async () => {
  const failures = Array.from({ length: 25 }, (_, index) =>
    update(`h-${index}`, { state: 'failed', reason: { code: `C${index}`, detail: 'd' } }),
  );
  serve(
    rollout('failed', { hosts: { total: 25, byState: { failed: 25 }, byPhase: {} } }),
    failures,
  );
  expect((await run('describe', 'rollout', 'r')).stdout).toContain('  and 5 more causes\n');
});

it('asks for no failures where there are none', async () => {
  serve(rollout('succeeded'));
  const { stdout } = await run('describe', 'rollout', 'r');
  expect(stdout).toContain('Nothing has failed');
  expect(stdout).toContain('Nothing is waiting');
  expect(server.seen).toHaveLength(1);
});

it('lists updates that need a person first, also when there is a limit', async () => {
  const states = [
    'succeeded',
    'cancelled',
    'pending',
    'running',
    'held',
    'lost',
    'failed',
  ] as const;
  const updates = states.map((state) => update(state, { state }));
  const blocked = update('blocked', {
    state: 'pending',
    reason: { code: 'HOST_OFFLINE', detail: 'd' },
  });
  serve(troubled, [...updates, blocked]);
  const names = (stdout: string) =>
    (JSON.parse(stdout) as { items: { hostName: string }[] }).items.map(({ hostName }) => hostName);
  const all = await run('get', 'updates', 'r', '-o', 'json');
  expect(names(all.stdout)).toEqual([
    ...['failed', 'lost', 'held', 'blocked', 'running', 'pending', 'cancelled', 'succeeded'],
  ]);
  const some = await run('get', 'updates', 'r', '--limit', '2', '-o', 'json');
  expect(names(some.stdout)).toEqual(['failed', 'lost']);
});
