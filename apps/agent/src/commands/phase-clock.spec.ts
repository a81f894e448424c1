import { reasonOf } from '../model/reason';
import { PhaseAborted, PhaseClock } from './phase-clock';

const never = new Promise<never>(() => undefined);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('the time of a phase', () => {
  it.each([
    ['preflight', 250],
    ['verify', 250],
    ['freeze', 15_000],
    ['rollback', 15_000],
  ] as const)('ends a %s that ignores its signal, after some grace', async (phase, graceMs) => {
    const clock = new PhaseClock({ phase, timeoutMs: 1000 });
    const ended = jest.fn();
    const bound = clock.bound(never).catch(ended);
    await jest.advanceTimersByTimeAsync(1000 + graceMs - 1);
    expect(ended).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    await bound;
    const detail = `${phase} took longer than 1000 ms, and does not end`;
    expect(ended).toHaveBeenCalledWith(new PhaseAborted(reasonOf('TIMEOUT', detail)));
    clock.stop();
  });

  it('leaves a phase that obeys the time to say how it ended', async () => {
    const clock = new PhaseClock({ phase: 'freeze', timeoutMs: 1000 });
    const undone = new Promise((resolve) => {
      clock.signal.addEventListener('abort', () => setTimeout(() => resolve('thawed'), 10_000));
    });
    const bound = clock.bound(undone);
    await jest.advanceTimersByTimeAsync(11_000);
    expect(await bound).toBe('thawed');
    expect(jest.getTimerCount()).toBe(0);
  });
});
