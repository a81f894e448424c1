import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { ArrivalClock, type Arrivals } from './arrival.clock';

/** What nothing of this process survives: no timer fires, and what comes lies in the sockets' buffers. */
const stall = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
/** By then the clock has looked often enough, however slow this machine is. */
const looks = async (clock: ArrivalClock) => {
  const seen = clock.follow();
  const before = seen.next();
  while (clock.follow().next() <= before + 1) await new Promise((go) => setTimeout(go, 10));
};

describe('when a message came', () => {
  let clock: ArrivalClock;
  let near: Socket;
  let far: Socket;
  let arrivals: Arrivals;

  beforeEach(async () => {
    clock = new ArrivalClock();
    clock.onModuleInit();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    far = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [near] = (await once(server, 'connection')) as [Socket];
    server.close();
    arrivals = clock.follow();
  });
  afterEach(async () => {
    near.destroy();
    far.destroy();
    await clock.onApplicationShutdown();
  });

  const read = async () => {
    await once(near, 'data');
    const cameAtMs = arrivals.next();
    arrivals.wait();
    return cameAtMs;
  };

  it('is a moment ago while the process turns', async () => {
    for (let times = 0; times < 3; times += 1) {
      await looks(clock);
      const lookedAtMs = clock.follow().next();
      const sentAtMs = performance.now();
      far.write('beat');
      const cameAtMs = await read();
      expect(cameAtMs).toBeGreaterThanOrEqual(lookedAtMs);
      expect(cameAtMs).toBeLessThanOrEqual(sentAtMs);
    }
  });

  it('is before the process stalled, for all that came meanwhile', async () => {
    await looks(clock);
    const sentAtMs = performance.now();
    far.write('beat');
    stall(1000);
    expect(await read()).toBeLessThanOrEqual(sentAtMs);
    // The next one waits already.
    arrivals.wait();
    expect(arrivals.next()).toBeLessThanOrEqual(sentAtMs);
    expect(clock.follow().next()).toBeLessThanOrEqual(sentAtMs);
  });

  it('is after the stall for what comes later', async () => {
    await looks(clock);
    far.write('beat');
    stall(1000);
    const thawedAtMs = performance.now();
    await read();
    while (clock.follow().next() < thawedAtMs) await looks(clock);
    far.write('beat');
    expect(await read()).toBeGreaterThanOrEqual(thawedAtMs);
  });

  it('is not after what waits with it, however long that takes', async () => {
    await looks(clock);
    const cameAtMs = arrivals.next();
    const readAtMs = performance.now();
    await looks(clock);
    await looks(clock);
    // What was read is done only now.
    arrivals.wait();
    expect(arrivals.next()).toBe(cameAtMs);
    expect(cameAtMs).toBeLessThanOrEqual(readAtMs);
  });
});
