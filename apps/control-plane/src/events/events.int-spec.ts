import { getEventListeners } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type EventPageResponse, eventPageSchema, type EventResponse } from '@luofleet/contracts';
import { Database, EventsReader } from '@luofleet/persistence';
import { type Logger, within } from '@luofleet/platform';
import { LOGGER } from '../settings/platform.module';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { EventFeed } from './event-feed';
import { EventStreamWriter } from './event-stream.writer';

/** Far more than anything takes that is waited for here. */
const WAIT_MS = 30_000;

const happens = <T>(what: string, work: Promise<T>): Promise<T> =>
  within(WAIT_MS, work, () => new Error(`not within ${WAIT_MS} ms: ${what}`));

let plane: ControlPlaneFixture;
const others: ControlPlaneFixture[] = [];

beforeAll(async () => {
  plane = await createControlPlane();
});

afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await plane?.stop();
  for (const one of others) await one.stop();
});

/** One that a test stops or restores. */
async function anotherPlane(): Promise<ControlPlaneFixture> {
  const one = await createControlPlane();
  others.push(one);
  return one;
}

/** An open event stream; frames as they come. */
class Stream {
  text = '';
  private wake: () => void = () => undefined;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
      this.wake();
    });
    response.on('close', () => this.wake());
    response.on('error', () => this.wake());
  }

  static open(path: string, headers: Record<string, string> = {}, at = plane): Promise<Stream> {
    return new Promise((resolve, reject) => {
      request(at.baseUrl + path, { headers }, (response) => {
        resolve(new Stream(response));
      })
        .on('error', reject)
        .end();
    });
  }

  /** What is answered instead of a stream; nothing when there is one. */
  static async refusal(path: string, headers: Record<string, string> = {}) {
    const stream = await Stream.open(path, headers);
    const { statusCode: status } = stream.response;
    if (status === 200) stream.close();
    await stream.closed();
    return { status, body: status === 200 ? null : (JSON.parse(stream.text) as unknown) };
  }

  /** Whether it came to its end, and was not cut off. */
  get isWhole(): boolean {
    return this.response.complete;
  }

  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)\.\d+\ndata: /gm)].map(([, id]) => Number(id));
  }

  get events(): EventResponse[] {
    return [...this.text.matchAll(/^id: .*\ndata: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? '') as EventResponse,
    );
  }

  /** Resolves once the stream has so many events. */
  async until(count: number): Promise<void> {
    await this.sees(`${count} events`, () => this.ids.length >= count || this.response.destroyed);
    if (this.ids.length < count) throw new Error(`ended with ${this.ids.length} of ${count}`);
  }

  /** Resolves once `holds` does, looked at after everything that comes. */
  private async sees(what: string, holds: () => boolean): Promise<void> {
    const seen = async () => {
      while (!holds()) await new Promise<void>((resolve) => (this.wake = resolve));
    };
    await happens(`${what} of a stream`, seen());
  }

  /** Stops reading without closing: what a slow client looks like. */
  stall(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  closed(): Promise<void> {
    return this.sees('end', () => this.response.destroyed);
  }

  close(): void {
    this.response.destroy();
  }
}

it('lets go of a client that left before its stream had begun', async () => {
  const { app, httpPort } = plane.running;
  const [reader, feed] = [app.get(EventsReader), app.get(EventFeed)];
  const server = app.getHttpServer() as Server;
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const end = reader.end.bind(reader);
  const asked = new Promise<void>((resolve) => {
    jest.spyOn(reader, 'end').mockImplementationOnce(async () => {
      resolve();
      await gate;
      return end();
    });
  });
  const gone = new Promise((resolve) =>
    server.once('connection', (socket: Socket) => socket.once('close', resolve)),
  );
  const client = connect(httpPort, '127.0.0.1', () =>
    client.write('GET /api/v1/events/stream HTTP/1.1\r\nhost: x\r\n\r\n'),
  );
  await happens('the record is asked', asked);
  client.destroy();
  await happens('the client is gone', gone);
  const ended = new Promise<void>((resolve) => {
    jest.spyOn(EventStreamWriter.prototype, 'end').mockImplementationOnce(function (
      this: EventStreamWriter,
    ) {
      EventStreamWriter.prototype.end.call(this);
      resolve();
    });
  });
  release();
  await happens('its stream is let go', ended);
  expect(feed).toHaveProperty('followers', 0);
});

async function lastSequence(): Promise<number> {
  let after = 0;
  for (;;) {
    const { body } = await plane.ask<EventPageResponse>(`/api/v1/events?after=${after}&limit=500`);
    after = body.nextAfter;
    if (body.items.length < 500) return after;
  }
}

it('lists events in order and pages by sequence', async () => {
  await plane.fleet.events(5);
  const first = await plane.ask<EventPageResponse>('/api/v1/events?limit=3');
  const page = eventPageSchema.parse(first.body);
  const rest = await plane.ask<EventPageResponse>(`/api/v1/events?after=${page.nextAfter}`);
  const all = [...page.items, ...rest.body.items].map(({ sequence }) => sequence);
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect(all).toHaveLength(5);
  const end = await plane.ask<EventPageResponse>(`/api/v1/events?after=${rest.body.nextAfter}`);
  expect(end.body).toEqual({
    items: [],
    nextAfter: rest.body.nextAfter,
    nextBefore: null,
    cursor: rest.body.cursor,
  });
});

it('lists the newest events first and pages back to where it was told to stop', async () => {
  const start = await lastSequence();
  await plane.fleet.events(5);
  const pages: number[][] = [];
  let before: number | null | undefined;
  while (before !== null) {
    const bound = before === undefined ? '' : `&before=${before}`;
    const path = `/api/v1/events?order=desc&limit=2&after=${start}${bound}`;
    const { items, nextBefore } = eventPageSchema.parse((await plane.ask(path)).body);
    pages.push(items.map(({ message }) => Number(message.replace('event ', ''))));
    before = nextBefore;
  }
  expect(pages).toEqual([[4, 3], [2, 1], [0]]);
  // What comes later is asked for after the newest that was seen.
  const newest = await plane.ask<EventPageResponse>('/api/v1/events?order=desc&limit=1');
  await plane.fleet.events(1);
  const next = await plane.ask<EventPageResponse>(`/api/v1/events?after=${newest.body.nextAfter}`);
  expect(next.body.items.map(({ message }) => message)).toEqual(['event 0']);
});

it('streams what happens next, and says where it starts', async () => {
  await plane.fleet.events(1);
  const last = await lastSequence();
  const stream = await Stream.open('/api/v1/events/stream');
  await plane.fleet.events(3);
  await stream.until(3);
  expect(stream.text).toMatch(new RegExp(`^retry: \\d+\\nid: ${last}\\.\\d+\\n\\n`));
  expect(stream.events.map(({ message }) => message)).toEqual(['event 0', 'event 1', 'event 2']);
  stream.close();
});

it('resumes after Last-Event-ID without gaps or repeats while many write at once', async () => {
  const last = await lastSequence();
  const write = () => Promise.all(Array.from({ length: 8 }, () => plane.fleet.events(20)));
  const earlier = write();
  const first = await Stream.open(`/api/v1/events/stream?after=${last}`);
  await first.until(50);
  const seen = first.ids;
  first.close();
  const later = write();
  const second = await Stream.open('/api/v1/events/stream?after=0', {
    'last-event-id': String(seen.at(-1)),
  });
  await Promise.all([earlier, later]);
  await second.until(320 - seen.length);
  const ids = [...seen, ...second.ids];
  const { body } = await plane.ask<EventPageResponse>(`/api/v1/events?after=${last}&limit=500`);
  expect(ids).toEqual(body.items.map(({ sequence }) => sequence));
  second.close();
});

it('streams only what belongs to the rollout asked for', async () => {
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['host-1']);
  const applied = await plane.ask<{ id: string }>('/api/v1/rollouts', {
    method: 'POST',
    body: {
      apiVersion: 'luofleet.dev/v1',
      kind: 'Rollout',
      metadata: { name: 'watched' },
      spec: { release: 'runtime-1.1.0' },
    },
  });
  const last = await lastSequence();
  const stream = await Stream.open(`/api/v1/events/stream?rollout=watched&after=${last}`);
  await plane.fleet.events(10);
  await plane.fleet.events(2, applied.body.id);
  await stream.until(2);
  expect(stream.events.every(({ rolloutId }) => rolloutId === applied.body.id)).toBe(true);
  stream.close();
});

it('gives a client that stalls everything once it reads again', async () => {
  const last = await lastSequence();
  const stream = await Stream.open(`/api/v1/events/stream?after=${last}`);
  stream.stall();
  for (let round = 0; round < 8; round += 1) await plane.fleet.events(500);
  const other = await Stream.open(`/api/v1/events/stream?after=${last}`);
  await other.until(4000);
  stream.resume();
  await stream.until(4000);
  expect(stream.ids).toEqual(other.ids);
  stream.close();
  other.close();
});

it('ends open streams when the control plane stops', async () => {
  const leaving = await anotherPlane();
  const stream = await Stream.open('/api/v1/events/stream', {}, leaving);
  const stopped = leaving.running.stop();
  await stream.closed();
  expect(stream.isWhole).toBe(true);
  await stopped;
});

describe('who follows the feed', () => {
  /** Follows until it waits for something new. */
  const waiting = async () => {
    const { app } = plane.running;
    const reader = app.get(EventsReader);
    const feed = new EventFeed(app.get(Database), reader, app.get<Logger>(LOGGER));
    const client = new AbortController();
    const { signal } = client;
    const end = await reader.end();
    const isWaiting = new Promise<void>((resolve) => {
      jest.spyOn(signal, 'addEventListener').mockImplementationOnce((...args) => {
        EventTarget.prototype.addEventListener.apply(signal, args);
        resolve();
      });
    });
    const batches = feed.follow({}, end, signal);
    const next = batches.next();
    await isWaiting;
    return { client, feed, next };
  };

  it('is let go when the feed stops, and when it leaves, and nothing of it stays', async () => {
    const stopped = await waiting();
    stopped.feed.onModuleDestroy();
    expect(await stopped.next).toMatchObject({ done: true });
    const left = await waiting();
    left.client.abort();
    expect(await left.next).toMatchObject({ done: true });
    for (const { client, feed } of [stopped, left]) {
      expect(getEventListeners(client.signal, 'abort')).toEqual([]);
      expect(feed).toMatchObject({ followers: 0, waiting: new Set() });
    }
  });
});

describe('a cursor of another life of the database', () => {
  const expired = { status: 410, body: { code: 'CURSOR_EXPIRED', errors: [{ path: 'after' }] } };
  const otherLife = async (sequence: number) => {
    const { body } = await plane.ask<EventPageResponse>('/api/v1/events?order=desc&limit=1');
    return body.cursor.replace(
      /^\d+\.(\d+)$/,
      (_, life: string) => `${sequence}.${BigInt(life) + 1n}`,
    );
  };

  const expectExpired = async (cursor: string) => {
    expect(await plane.ask(`/api/v1/events?after=${cursor}`)).toMatchObject(expired);
    const path = '/api/v1/events/stream';
    expect(await Stream.refusal(`${path}?after=${cursor}`)).toMatchObject(expired);
    expect(await Stream.refusal(path, { 'last-event-id': cursor })).toMatchObject(expired);
  };

  it('is told so where it lies beyond the newest event', async () => {
    const beyond = (await lastSequence()) + 1;
    await expectExpired(String(beyond));
  });

  it('is told so where its sequence is one that this life has given out too', async () => {
    await expectExpired(await otherLife(1));
  });

  it('is refused as a cursor when it is none', async () => {
    for (const text of ['1.', '.1', '-1', '1e3', '1.2.3', 'x', '9'.repeat(19)])
      expect(await plane.ask(`/api/v1/events?after=${text}`)).toMatchObject({ status: 400 });
  });

  it('resumes with the cursor of a page and the id of a frame', async () => {
    await plane.fleet.events(1);
    const page = await plane.ask<EventPageResponse>('/api/v1/events?order=desc&limit=1');
    const stream = await Stream.open(`/api/v1/events/stream?after=${page.body.cursor}`);
    await plane.fleet.events(2);
    await stream.until(2);
    const id = /^id: (.*)\ndata/m.exec(stream.text)?.[1] ?? '';
    stream.close();
    const resumed = await Stream.open('/api/v1/events/stream', { 'last-event-id': id });
    await resumed.until(1);
    expect(resumed.ids[0]).toBe(page.body.nextAfter + 2);
    resumed.close();
  });
});

it('ends open streams when the record is restored, and knows their places no more', async () => {
  const restored = await anotherPlane();
  await restored.fleet.events(3);
  const stream = await Stream.open('/api/v1/events/stream?after=0', {}, restored);
  await stream.until(3);
  await restored.fleet.restoreEvents();
  await stream.closed();
  const id = /^id: (.*)\ndata/m.exec(stream.text)?.[1] ?? '';
  expect(await restored.ask(`/api/v1/events?after=${id}`)).toMatchObject({ status: 410 });
  const anew = await Stream.open('/api/v1/events/stream?after=0', {}, restored);
  await anew.until(3);
  anew.close();
});
