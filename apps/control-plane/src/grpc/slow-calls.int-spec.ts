// Clients that speak HTTP/2 and leave a call open: they send by drips, take nothing, or do nothing but answer pings. Each
// call or connection ends by its bound, and others are answered meanwhile.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from 'node:http2';
import { connect, type Socket } from 'node:net';
import { credentials, status } from '@grpc/grpc-js';
import {
  AgentServiceService,
  ConnectRequest,
  Hello,
  OperatorServiceClient,
  OperatorServiceService,
} from '@luofleet/proto';
import { Backend, type ListHostsResponse } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { grpcCall } from '../testing/grpc-calls';

/** Twice the longest of the bounds. */
const BY_MS = 150_000;
const DRIP_MS = 500;

interface Ended {
  /** Of gRPC; undefined when the stream was reset without one. */
  readonly status: number | undefined;
}

let plane: ControlPlaneFixture;
let operator: OperatorServiceClient;
const sessions: ClientHttp2Session[] = [];
const sockets: Socket[] = [];
const ends = new Map<string, Promise<Ended>>();

const session = (initialWindowSize = 65_535): ClientHttp2Session => {
  const opened = connectHttp2(`http://127.0.0.1:${plane.running.grpcPort}`, {
    settings: { initialWindowSize },
  });
  opened.on('error', () => undefined);
  sessions.push(opened);
  return opened;
};
const call = (on: ClientHttp2Session, { path }: { readonly path: string }): ClientHttp2Stream => {
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = on.request({ ':method': 'POST', ':path': path, ...headers });
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
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
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
      dripping(stream, hello('drips-its-hello'));
      return endOf(stream);
    },
    endsWith: status.DEADLINE_EXCEEDED,
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
  for (const [name, { does }] of Object.entries(CASES)) ends.set(name, does());
});
afterAll(async () => {
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
  BY_MS,
);
