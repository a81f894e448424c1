import { Session } from 'node:inspector/promises';
import { limited, settledWithin, TimeLimit, within } from './time-limit';

describe('a time limit', () => {
  const never = new Promise<string>(() => undefined);
  const late = () => new Error('too late');

  it('gives what the work gives', async () => {
    await expect(within(60_000, Promise.resolve('done'), late)).resolves.toBe('done');
    await expect(within(60_000, Promise.reject(new Error('broken')), late)).rejects.toThrow(
      'broken',
    );
  });

  it('fails work that does not end', async () => {
    await expect(within(5, never, late)).rejects.toThrow('too late');
  });

  it('waits for all of a stop, whatever comes of it, and for nothing that does not end', async () => {
    let ended = 0;
    const part = async () => {
      await Promise.resolve();
      ended += 1;
      throw new Error('broken');
    };
    await settledWithin(60_000, [part(), part()]);
    expect(ended).toBe(2);
    await settledWithin(5, [never]);
  });
});

describe('work with a signal', () => {
  const whole = new AbortController().signal;
  const untilAborted = (signal: AbortSignal) =>
    new Promise<unknown>((resolve) => {
      signal.addEventListener('abort', () => resolve(signal.reason));
    });

  it('is told that the time is over, also when garbage was collected meanwhile', async () => {
    const inspector = new Session();
    inspector.connect();
    const told = limited(200, untilAborted, whole);
    for (let times = 0; times < 3; times += 1) await inspector.post('HeapProfiler.collectGarbage');
    inspector.disconnect();
    await expect(told).resolves.toMatchObject({ name: 'TimeoutError' });
  });

  it('is told that it was interrupted, before it began or while it goes on', async () => {
    const interrupt = new AbortController();
    const told = limited(60_000, untilAborted, interrupt.signal);
    interrupt.abort('enough');
    await expect(told).resolves.toBe('enough');
    await limited(60_000, async ({ aborted }) => expect(aborted).toBe(true), interrupt.signal);
  });

  it('leaves nothing at the signal that may interrupt it', async () => {
    const interrupt = new AbortController();
    const removed = jest.spyOn(interrupt.signal, 'removeEventListener');
    await expect(
      limited(60_000, () => Promise.reject(new Error('broken')), interrupt.signal),
    ).rejects.toThrow('broken');
    expect(removed).toHaveBeenCalledTimes(1);
  });

  it('counts from its restart, and not while it is paused', async () => {
    const limit = new TimeLimit(5);
    limit.pause();
    await new Promise((go) => setTimeout(go, 20));
    expect(limit.passed).toBe(false);
    limit.restart();
    await untilAborted(limit.signal);
    expect(limit.passed).toBe(true);
  });
});
