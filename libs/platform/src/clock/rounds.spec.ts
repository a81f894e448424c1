import { Rounds } from './rounds';

describe('rounds', () => {
  it('starts no round before the one before has ended, and goes on after one that failed', async () => {
    let under = 0;
    let rounds = 0;
    await new Promise<void>((resolve) => {
      const three = new Rounds(1, async () => {
        under += 1;
        expect(under).toBe(1);
        await new Promise((go) => setImmediate(go));
        under -= 1;
        rounds += 1;
        if (rounds === 3) void three.stop().then(resolve);
        throw new Error('broken');
      });
      three.start(0);
    });
    expect(rounds).toBe(3);
  });

  it('waits for the round under way when it stops, and starts no other', async () => {
    let end = () => {};
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let rounds = 0;
    const one = new Rounds(1, () => {
      rounds += 1;
      begun();
      return new Promise((resolve) => (end = resolve));
    });
    one.start();
    await hasBegun;
    let stopped = false;
    const stop = one.stop().then(() => (stopped = true));
    await new Promise((go) => setImmediate(go));
    expect(stopped).toBe(false);
    end();
    await stop;
    one.start(0);
    await new Promise((go) => setTimeout(go, 5));
    expect(rounds).toBe(1);
  });
});
