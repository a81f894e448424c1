import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { setChildSubreaper } from '@luofleet/linux';
import { zombiesOf } from '../testing/open-descriptors';
import { reapStrangers } from './reaper';

describe('reapStrangers', () => {
  beforeAll(() => setChildSubreaper(true));
  afterAll(() => setChildSubreaper(false));

  it('reaps orphans, and leaves what Node has spawned to Node', async () => {
    // Three orphans, which become children of this process, end after the shell that has left them behind.
    const shell = spawn('/bin/sh', [
      '-c',
      '(sleep 0.2 &) ; (sleep 0.2 &) ; (sleep 0.2 &) ; exit 7',
    ]);
    const status = await new Promise((resolve) => shell.once('exit', resolve));
    expect(status).toBe(7);
    const until = Date.now() + 20_000;
    while (zombiesOf(process.pid).length < 3 && Date.now() < until) await delay(20);
    expect(zombiesOf(process.pid)).toHaveLength(3);

    const own = spawn('/bin/sh', ['-c', 'exit 9']);
    const exited = new Promise((resolve) => own.once('exit', resolve));
    // No turn of the event loop: Node can not have reaped its own yet.
    const zombie = () => own.pid !== undefined && zombiesOf(process.pid).includes(own.pid);
    while (!zombie() && Date.now() < until) reapStrangers();
    reapStrangers();
    expect(zombiesOf(process.pid)).toEqual([own.pid]);
    expect(await exited).toBe(9);
    expect(zombiesOf(process.pid)).toEqual([]);
  });
});
