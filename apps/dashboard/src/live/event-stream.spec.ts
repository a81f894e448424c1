import { Batch } from './event-batch';
import { openEventStream, readEvent, type Connection } from './event-stream';

describe('the event stream', () => {
  class FakeSource {
    static readonly CLOSED = 2;
    static readonly opened: FakeSource[] = [];
    readyState = 1;
    onopen: () => void = () => undefined;
    onerror: () => void = () => undefined;
    onmessage: (message: { data: string }) => void = () => undefined;
    closed = false;
    heartbeat: () => void = () => undefined;
    constructor(readonly url: string) {
      FakeSource.opened.push(this);
    }
    addEventListener(_name: 'heartbeat', listener: () => void): void {
      this.heartbeat = listener;
    }
    close(): void {
      this.closed = true;
    }
  }

  beforeEach(() => {
    jest.useFakeTimers();
    FakeSource.opened.length = 0;
    Object.assign(globalThis, { EventSource: FakeSource });
  });
  afterEach(() => {
    jest.useRealTimers();
    Reflect.deleteProperty(globalThis, 'EventSource');
  });

  const open = () => {
    const connections: Connection[] = [];
    const sequences: number[] = [];
    const close = openEventStream({
      onConnection: (connection) => connections.push(connection),
      onEvent: ({ sequence }) => sequences.push(sequence),
    });
    return { connections, sequences, close };
  };
  const message = (sequence: number) => ({ data: JSON.stringify({ sequence }) });

  it('hands over each event once, whatever the server sends again', () => {
    const { sequences } = open();
    const [source] = FakeSource.opened;
    for (const sequence of [4, 5, 5, 4, 6]) source?.onmessage(message(sequence));
    source?.onmessage({ data: 'not json' });
    expect(sequences).toEqual([4, 5, 6]);
  });

  it('leaves a broken connection to the browser', () => {
    const { connections } = open();
    const [source] = FakeSource.opened;
    source?.onopen();
    if (source) source.readyState = 0;
    source?.onerror();
    source?.onopen();
    expect(jest.getTimerCount()).toBe(1); // of the silence
    expect(FakeSource.opened).toHaveLength(1);
    expect(connections).toEqual(['connecting', 'live', 'reconnecting', 'live']);
  });

  it('opens a refused stream anew and starts over, ever later', () => {
    const { sequences } = open();
    FakeSource.opened[0]?.onmessage(message(41));
    const refuse = (): void => {
      const source = FakeSource.opened.at(-1);
      if (source) source.readyState = FakeSource.CLOSED;
      source?.onerror();
    };
    refuse();
    jest.advanceTimersByTime(500);
    expect(FakeSource.opened[1]?.url).toBe('/api/v1/events/stream');
    FakeSource.opened[1]?.onmessage(message(2));
    expect(sequences).toEqual([41, 2]);
    refuse();
    jest.advanceTimersByTime(999);
    expect(FakeSource.opened).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(FakeSource.opened).toHaveLength(3);
  });

  it('gives up a stream that has fallen silent, and says so', () => {
    const { connections } = open();
    const [source] = FakeSource.opened;
    source?.onopen();
    jest.advanceTimersByTime(11_000);
    source?.heartbeat();
    jest.advanceTimersByTime(11_000);
    expect(connections.at(-1)).toBe('live');
    jest.advanceTimersByTime(1_000);
    expect(connections.at(-1)).toBe('reconnecting');
    expect(source?.closed).toBe(true);
    jest.advanceTimersByTime(500);
    expect(FakeSource.opened).toHaveLength(2);
  });

  it('gives up a stream that never opens', () => {
    open();
    jest.advanceTimersByTime(12_500);
    expect(FakeSource.opened.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('opens nothing any more once closed', () => {
    const { close } = open();
    const [source] = FakeSource.opened;
    if (source) source.readyState = FakeSource.CLOSED;
    source?.onerror();
    close();
    jest.runAllTimers();
    expect(FakeSource.opened).toHaveLength(1);
  });

  it('reads only messages that are events', () => {
    expect(readEvent('{"sequence":3}')).toMatchObject({ sequence: 3 });
    expect(readEvent('{}')).toBeNull();
    expect(readEvent('null')).toBeNull();
  });
});

describe('batches', () => {
  it('hands over together what came before the frame', () => {
    const frames: (() => void)[] = [];
    const handled: (readonly number[])[] = [];
    const batch = new Batch<number>(
      (flush) => frames.push(flush),
      (items) => handled.push(items),
    );
    batch.add(1);
    batch.add(2);
    expect(frames).toHaveLength(1);
    frames[0]?.();
    batch.add(3);
    frames[1]?.();
    expect(handled).toEqual([[1, 2], [3]]);
  });
});
