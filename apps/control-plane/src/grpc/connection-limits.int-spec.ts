// More connections and calls than the settings allow: refused, while those that are there go on, and taken again later.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { AgentServiceService } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { callHeaders, FRAME, frame, rawHttp2 } from '../testing/raw-http2';
import { ScriptedAgent } from '../testing/scripted-agent';

const CONNECTIONS_MAX = 5;
const STREAMS_MAX = 3;
const REFUSED_STREAM = 7;
const CONNECT = AgentServiceService.connect.path;

let plane: ControlPlaneFixture;
let agent: ScriptedAgent;
const sockets: Socket[] = [];

beforeAll(async () => {
  plane = await createControlPlane({
    GRPC_CONNECTIONS_MAX: String(CONNECTIONS_MAX),
    GRPC_STREAMS_MAX: String(STREAMS_MAX),
  });
  agent = await new ScriptedAgent('is-here').connect(plane.running.grpcPort);
});
afterAll(async () => {
  agent?.disconnect();
  for (const socket of sockets) socket.destroy();
  await plane?.stop();
});

/** A connection that the server has answered on; undefined when it was closed instead. */
async function answered(): Promise<Socket | undefined> {
  let settled: (socket: Socket | undefined) => void;
  const result = new Promise<Socket | undefined>((resolve) => (settled = resolve));
  const socket = rawHttp2(plane.running.grpcPort, () => settled(socket));
  sockets.push(socket);
  socket.once('close', () => settled(undefined)).once('end', () => socket.destroy());
  return result;
}

it('closes connections beyond the limit at once, until others have ended', async () => {
  const held: Socket[] = [];
  for (let count = 1; count < CONNECTIONS_MAX; count += 1) {
    const socket = await answered();
    expect(socket).toBeDefined();
    if (socket) held.push(socket);
  }
  for (let count = 0; count < 20; count += 1) expect(await answered()).toBeUndefined();
  const silent = connect(plane.running.grpcPort, '127.0.0.1').on('error', () => undefined);
  await once(silent.resume(), 'close');
  expect(agent.ended).toBe(false);
  for (const socket of held) socket.destroy();
  const closed = (): Promise<Socket> => answered().then((socket) => socket ?? closed());
  (await closed()).destroy();
  expect(agent.ended).toBe(false);
});

it('refuses calls beyond the limit of one connection, until others have ended', async () => {
  let heard = (): void => undefined;
  const refused: number[] = [];
  const socket = rawHttp2(plane.running.grpcPort, ({ type, stream, payload }) => {
    if (type !== FRAME.resetStream || payload.readUInt32BE(0) !== REFUSED_STREAM) return;
    refused.push(stream);
    heard();
  });
  sockets.push(socket);
  const calling = async (streams: readonly number[], refusedThen: number) => {
    const seen = new Promise<void>((resolve) => {
      heard = () => void (refused.length === refusedThen && resolve());
    });
    for (const stream of streams) socket.write(callHeaders(stream, CONNECT));
    await seen;
  };
  await calling([1, 3, 5, 7, 9, 11], 3);
  expect(refused).toEqual([7, 9, 11]);
  for (const stream of [1, 3])
    socket.write(frame(FRAME.resetStream, Buffer.from([0, 0, 0, 8]), { stream }));
  await calling([13, 15, 17], 4);
  expect(refused).toEqual([7, 9, 11, 17]);
  expect(agent.ended).toBe(false);
});
