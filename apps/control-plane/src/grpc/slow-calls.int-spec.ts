// Clients that speak HTTP/2 and leave a call open: they send by drips, take nothing or little, or do nothing but answer
// pings. Each call or connection ends by its bound, and others are answered meanwhile.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  connect as connectHttp2,
} from 'node:http2';
import { connect, type Socket } from 'node:net';
import { credentials, status } from '@grpc/grpc-js';
import {
  AgentServiceService,
  ConnectRequest,
  Heartbeat,
  Hello,
  OperatorServiceClient,
  OperatorServiceService,
} from '@luofleet/proto';
import { Backend, type ListHostsResponse } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { grpcCall } from '../testing/grpc-calls';
import { callHeaders, END_STREAM, FRAME, frame, PREFACE, rawHttp2 } from '../testing/raw-http2';

/** Twice the longest of the bounds. */
const BY_MS = 150_000;
const DRIP_MS = 500;

interface Ended {
  /** Of gRPC; undefined when the stream was reset without one. */
  readonly status: number | undefined;
}

let plane: ControlPlaneFixture;
let operator: OperatorServiceClient;
let lateTimer: NodeJS.Timeout;
const sessions: ClientHttp2Session[] = [];
const sockets: Socket[] = [];
const ends = new Map<string, Promise<Ended | 'still open'>>();

const session = (initialWindowSize = 65_535): ClientHttp2Session => {
  const opened = connectHttp2(`http://127.0.0.1:${plane.running.grpcPort}`, {
    settings: { initialWindowSize },
  });
  opened.on('error', () => undefined);
  sessions.push(opened);
  return opened;
};
const call = (
  on: ClientHttp2Session,
  { path }: { readonly path: string },
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream => {
  const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = on.request({ ':method': 'POST', ':path': path, ...grpc, ...headers });
  stream.on('error', () => undefined);
  return stream;
};
/** One message as gRPC frames it. */
const framed = (message: Uint8Array, length = message.length): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
};
const EMPTY = framed(Buffer.alloc(0));
const hello = (hostName: string): Buffer => {
  const value = Hello.create({ hostName, backend: Backend.BACKEND_MEMORY, agentVersion: '0.1.0' });
  return framed(ConnectRequest.encode({ message: { $case: 'hello', value } }).finish());
};

const HEARTBEAT = framed(
  ConnectRequest.encode({
    message: { $case: 'heartbeat', value: Heartbeat.create({ sequence: 1n }) },
  }).finish(),
);
/** An agent that says hello. */
const agent = (on: ClientHttp2Session, hostName: string): ClientHttp2Stream => {
  const stream = call(on, AgentServiceService.connect);
  stream.write(hello(hostName));
  return stream;
};
const repeating = (stream: ClientHttp2Stream, bytes: Buffer): ClientHttp2Stream => {
  const timer = setInterval(() => stream.write(bytes), DRIP_MS);
  return stream.once('close', () => clearInterval(timer));
};
const watching = (on: ClientHttp2Session): ClientHttp2Stream => {
  const stream = call(on, watchEvents);
  stream.end(EMPTY);
  return stream;
};

/** With what the server ends a call; undefined when it resets its stream. */
function endOf(stream: ClientHttp2Stream): Promise<Ended> {
  let code: number | undefined;
  const look = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] !== undefined) code = Number(headers['grpc-status']);
  };
  stream.on('response', look).on('trailers', look).resume();
  return new Promise((resolve) => stream.once('close', () => resolve({ status: code })));
}
function dripping(
  stream: { write(bytes: Buffer): unknown; once: Socket['once'] | ClientHttp2Stream['once'] },
  bytes: Buffer,
) {
  let at = 0;
  const timer = setInterval(() => stream.write(bytes.subarray(at, (at += 1))), DRIP_MS);
  (stream as Socket).once('close', () => clearInterval(timer));
}
/** Bytes on a connection of its own; resolves when the server closes it. */
function raw(bytes: Buffer, drip = Buffer.alloc(0)): Promise<Ended> {
  const socket = connect(plane.running.grpcPort, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  socket.resume().write(bytes);
  if (drip.length > 0) dripping(socket, drip);
  return new Promise((resolve) => socket.once('close', () => resolve({ status: undefined })));
}

const { listHosts, watchEvents } = OperatorServiceService;
/** A watch with room for so many bytes more, again and again; resolves when the server resets it. */
function sippingWatch(bytes: number): Promise<Ended> {
  const stream = 1;
  const room = Buffer.alloc(4);
  room.writeUInt32BE(bytes);
  return new Promise((resolve) => {
    const socket = rawHttp2(plane.running.grpcPort, ({ type, payload }) => {
      if (type === FRAME.resetStream && payload.readUInt32BE(0) === constants.NGHTTP2_CANCEL)
        resolve({ status: undefined });
    });
    sockets.push(socket);
    socket.write(callHeaders(stream, watchEvents.path));
    socket.write(frame(FRAME.data, EMPTY, { stream, flags: END_STREAM }));
    const timer = setInterval(
      () => socket.write(frame(FRAME.windowUpdate, room, { stream })),
      DRIP_MS,
    );
    socket.once('close', () => clearInterval(timer));
  });
}
/** SETTINGS, then HEADERS that are to be continued. */
const OPEN_HEADERS = Buffer.from('000000040000000000' + '000001010000000001' + '83', 'hex');

const CASES: Readonly<
  Record<string, { does: () => Promise<Ended>; endsWith: number | undefined }>
> = {
  'a request that never comes': {
    does: () => endOf(call(session(), listHosts)),
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a request that comes and never ends': {
    does: () => {
      const stream = call(session(), listHosts);
      stream.write(EMPTY);
      return endOf(stream);
    },
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a request by drips': {
    does: () => {
      const stream = call(session(), listHosts);
      dripping(stream, framed(Buffer.alloc(1000, 1), 1_000_000));
      return endOf(stream);
    },
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a watch that is never asked for': {
    does: () => endOf(call(session(), watchEvents)),
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'an answer that nobody takes': {
    does: () => {
      const stream = call(session(0), listHosts);
      stream.end(EMPTY);
      return endOf(stream);
    },
    endsWith: undefined,
  },
  'an agent that says nothing': {
    does: () => endOf(call(session(), AgentServiceService.connect)),
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'an agent that says hello by drips': {
    does: () => {
      const stream = call(session(), AgentServiceService.connect);
      dripping(stream, framed(Buffer.alloc(1000, 1), 1_000_000));
      return endOf(stream);
    },
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a watch that takes no event': { does: () => endOf(watching(session(0))), endsWith: undefined },
  'a watch that takes an event by drips': {
    does: () => sippingWatch(1),
    endsWith: undefined,
  },
  'a watch that takes events by drips': {
    does: () => sippingWatch(20),
    endsWith: undefined,
  },
  'an agent that takes nothing': {
    does: () => endOf(repeating(agent(session(0), 'takes-nothing'), HEARTBEAT)),
    endsWith: undefined,
  },
  'an agent that takes nothing and says nothing after its hello': {
    does: () => endOf(agent(session(0), 'takes-and-says-nothing')),
    endsWith: undefined,
  },
  'an agent that says nothing after its hello': {
    does: () => endOf(agent(session(), 'says-no-more')),
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'an agent that says what follows its hello by drips': {
    does: () => {
      const stream = agent(session(), 'goes-on-by-drips');
      dripping(stream, framed(Buffer.alloc(1000, 1), 1_000_000));
      return endOf(stream);
    },
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a call that outlives its own deadline': {
    does: () => endOf(call(session(), AgentServiceService.connect, { 'grpc-timeout': '1S' })),
    endsWith: status.DEADLINE_EXCEEDED,
  },
  'a watch that outlives its own deadline and takes nothing': {
    does: () => {
      const stream = call(session(0), watchEvents, { 'grpc-timeout': '1S' });
      stream.end(EMPTY);
      return endOf(stream);
    },
    endsWith: undefined,
  },
  'a request that is too large and never ends': {
    does: () => {
      const stream = call(session(), AgentServiceService.connect);
      stream.write(framed(Buffer.alloc(10), 2 ** 31));
      return endOf(stream);
    },
    endsWith: status.RESOURCE_EXHAUSTED,
  },
  'a call of nothing that never ends': {
    does: () => endOf(call(session(), { path: '/nothing' })),
    endsWith: status.UNIMPLEMENTED,
  },
  'a call that is none and never ends': {
    does: () => endOf(call(session(), listHosts, { 'content-type': 'text/plain' })),
    endsWith: undefined,
  },
  'a connection that is ended and does not end': {
    does: () => {
      const socket = rawHttp2(plane.running.grpcPort);
      sockets.push(socket);
      const ping = frame(FRAME.ping, Buffer.alloc(8));
      const timer = setInterval(() => socket.write(ping), DRIP_MS);
      return new Promise((resolve) =>
        socket.once('close', () => {
          clearInterval(timer);
          resolve({ status: undefined });
        }),
      );
    },
    endsWith: undefined,
  },
  'a connection that only answers pings': {
    does: () => {
      const opened = session();
      return new Promise((resolve) => opened.once('close', () => resolve({ status: undefined })));
    },
    endsWith: undefined,
  },
  'a connection that says nothing': { does: () => raw(Buffer.alloc(0)), endsWith: undefined },
  'a preface by drips': { does: () => raw(Buffer.alloc(0), PREFACE), endsWith: undefined },
  'headers that never end': {
    does: () => raw(Buffer.concat([PREFACE, OPEN_HEADERS])),
    endsWith: undefined,
  },
  'another protocol': {
    does: () => raw(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    endsWith: undefined,
  },
};

beforeAll(async () => {
  plane = await createControlPlane({ HEARTBEAT_INTERVAL_MS: '200' });
  await plane.fleet.hosts(Array.from({ length: 50 }, (_, index) => `host-${index}`));
  await plane.fleet.events(100);
  operator = new OperatorServiceClient(
    `127.0.0.1:${plane.running.grpcPort}`,
    credentials.createInsecure(),
  );
  const late = new Promise<'still open'>((resolve) => {
    lateTimer = setTimeout(resolve, BY_MS, 'still open');
  });
  for (const [name, { does }] of Object.entries(CASES))
    ends.set(name, Promise.race([does(), late]));
});
afterAll(async () => {
  clearTimeout(lateTimer);
  operator.close();
  for (const opened of [...sessions, ...sockets]) opened.destroy();
  await plane.stop();
});

it('answers others meanwhile', async () => {
  const answer = await grpcCall<ListHostsResponse>((metadata, answered) =>
    operator.listHosts(
      { selector: '', state: '', limit: 10, cursor: '' } as never,
      metadata,
      answered,
    ),
  );
  expect(answer.hosts).toHaveLength(10);
});

it.each(Object.keys(CASES))(
  'ends %s',
  async (name) => {
    expect(await ends.get(name)).toEqual({ status: CASES[name]?.endsWith });
  },
  BY_MS + 30_000,
);
