import { Batch, scheduleOnFrame } from './event-batch';

describe('a batch of events', () => {
  let frames: (() => void)[];

  beforeEach(() => {
    jest.useFakeTimers();
    frames = [];
    Object.assign(globalThis, {
      requestAnimationFrame: (run: () => void) => frames.push(run),
      cancelAnimationFrame: (id: number) => (frames[id - 1] = () => undefined),
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    Object.assign(globalThis, {
      requestAnimationFrame: undefined,
      cancelAnimationFrame: undefined,
    });
  });

  function collected() {
    const handed: number[][] = [];
    const batch = new Batch<number>(scheduleOnFrame, (items) => handed.push([...items]));
    return { handed, batch };
  }

  it('is handed over with the next frame, once', () => {
    const { handed, batch } = collected();
    batch.add(1);
    batch.add(2);
    expect(handed).toEqual([]);
    frames.forEach((frame) => frame());
    jest.advanceTimersByTime(10_000);
    expect(handed).toEqual([[1, 2]]);
  });

  it('does not wait for a frame that never comes, because the tab was hidden', () => {
    const { handed, batch } = collected();
    batch.add(1);
    jest.advanceTimersByTime(1000);
    batch.add(2);
    frames.forEach((frame) => frame());
    expect(handed).toEqual([[1], [2]]);
  });
});
