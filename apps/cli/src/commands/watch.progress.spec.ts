import type { RolloutResponse, WaveResponse } from '@luofleet/contracts';
import { FakeScreen } from '../testing/fake-screen';
import { runProgram } from '../testing/fake-terminal';
import { event, rollout, wave } from '../testing/fleet.fixtures';
import { ScriptedServer, sendJson } from '../testing/scripted-server';

const server = new ScriptedServer();
let address: string;

beforeAll(async () => {
  address = await server.start();
});
afterAll(() => server.stop());

const failure = (host: number) =>
  `host web-${host} failed in freeze: the handler of memory-buffer could not take its pages over because there was not ` +
  `enough memory left on the machine for all of them at that moment: ENOMEM (${host})`;

const WAVES = 12;
/** Wave after wave moves and has failures; only the last state is ended. */
function* life(): Generator<RolloutResponse> {
  for (let step = 0; step <= WAVES; step += 1) {
    const waves = Array.from({ length: WAVES }, (_, index): WaveResponse => {
      const state = index < step ? 'succeeded' : index === step ? 'running' : 'pending';
      const byState = index < step ? { succeeded: 20 } : { running: 9, pending: 11 };
      return wave(index, { state, hosts: { total: 20, byState, byPhase: { freeze: 9 } } });
    });
    yield rollout(step === WAVES ? 'succeeded' : 'running', { waves });
  }
}

async function watchOn(
  tty: { columns: number; rows: number },
  states: Iterable<RolloutResponse>,
  ...args: string[]
) {
  const screen = new FakeScreen(tty.columns, tty.rows);
  const left = [...states];
  let sent = 0;
  let stream: { write(text: string): unknown } | undefined;
  server.answer = ({ url }, response) => {
    if (!url.startsWith('/api/v1/events/stream')) {
      sendJson(response, left.length > 1 ? left.shift() : left[0]);
      // Each reading of the rollout is answered by the next failure.
      const failed = event(++sent, { reasonCode: 'FREEZE_FAILED', message: failure(sent) });
      stream?.write(`id: ${sent}\ndata: ${JSON.stringify(failed)}\n\n`);
      return;
    }
    stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
    stream.write('id: 0\n\n');
  };
  const ran = await runProgram(['--server', address, 'watch', 'r', ...args], {
    tty,
    onStderr: (text) => screen.write(text.replace(/luofleet: .*/s, '')),
  });
  return { ran, screen };
}

describe.each([
  [110, 20],
  [40, 10],
  [20, 4],
])('on a terminal of %i by %i', (columns, rows) => {
  it('prints messages whole, and has every bar once beneath them', async () => {
    const { ran, screen } = await watchOn({ columns, rows }, life());
    expect(ran.exitCode).toBe(0);
    const shown = screen.text;
    const panel = shown.findLastIndex((line) => line.startsWith('rollout r '));
    const above = shown.slice(0, panel).join('');
    const bars = shown.slice(panel + 1);
    // Messages wrap where the terminal has it; joined again they are whole, in order, once, with nothing in between.
    const whole = [...above.replaceAll(' ', '').matchAll(/hostweb-(\d+)failed.*?ENOMEM\(\1\)/g)];
    expect(whole.length).toBeGreaterThan(5);
    expect(whole.map(([text]) => text).join('')).toBe(
      above.replaceAll(' ', '').replace(/rolloutrsucceeded$/, ''),
    );
    const shownWaves = WAVES > rows - 2 ? rows - 3 : WAVES;
    expect(bars.filter((line) => line.startsWith('wave '))).toHaveLength(shownWaves);
    expect(new Set(bars).size).toBe(bars.length);
    expect(shown.slice(panel).length).toBeLessThan(rows);
    if (WAVES > rows - 2) expect(bars.at(-1)).toMatch(/^and \d+ more waves/);
    for (const bar of bars) expect(bar.length).toBeLessThan(columns);
  });
});

it('says that a rollout is paused, and why, when it stays through the pause', async () => {
  const reason = { code: 'FAILURE_BUDGET_SPENT', detail: '3 hosts failed' };
  const { ran, screen } = await watchOn(
    { columns: 110, rows: 20 },
    [
      rollout('running'),
      rollout('paused', { reason }),
      rollout('paused', { reason }),
      rollout('succeeded'),
    ],
    '--through-pause',
  );
  expect(ran.exitCode).toBe(0);
  const said = screen.text.filter((line) =>
    line.includes('paused (FAILURE_BUDGET_SPENT: 3 hosts failed)'),
  );
  expect(said).toEqual(['rollout r paused (FAILURE_BUDGET_SPENT: 3 hosts failed)']);
});

it('shows running waves when there are too many, and counts the others', async () => {
  const waves = Array.from({ length: 100 }, (_, index) =>
    wave(index, { state: index === 70 ? 'running' : index < 70 ? 'succeeded' : 'pending' }),
  );
  const { screen } = await watchOn({ columns: 80, rows: 7 }, [
    rollout('running', { waves }),
    rollout('succeeded', { waves }),
  ]);
  const shown = screen.text.filter((line) => !line.startsWith('host')).slice(-5);
  expect(shown.map((line) => line.split(' [')[0])).toEqual([
    'wave 71',
    'wave 72',
    'wave 73',
    'wave 74',
    'and 96 more waves',
  ]);
});
