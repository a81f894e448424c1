/** HTTP/2 as a client that keeps no rule would speak it: frames by hand. */
import { connect, type Socket } from 'node:net';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const FRAME = {
  ...{ data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, windowUpdate: 8 },
} as const;
export const END_STREAM = 1;
const ACKNOWLEDGED = 1;
const END_HEADERS = 4;
/** Of a stream, at first. */
const NO_WINDOW = Buffer.from('000400000000', 'hex');

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  payload: Buffer = Buffer.alloc(0),
  { flags = 0, stream = 0 } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a gRPC call of this path; its request is still to come. */
export function callHeaders(stream: number, path: string): Buffer {
  const text = (value: string) =>
    Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  const block = Buffer.concat([
    ...[Buffer.from('838604', 'hex'), text(path)],
    ...[Buffer.from('01', 'hex'), text('control-plane')],
    ...[Buffer.from('0f10', 'hex'), text('application/grpc')],
    ...[Buffer.from('00', 'hex'), text('te'), text('trailers')],
  ]);
  return frame(FRAME.headers, block, { flags: END_HEADERS, stream });
}

/** A client that answers pings, and takes nothing of its calls unless it updates their windows; `heard` gets every frame. */
export function rawHttp2(port: number, heard: (heard: Frame) => void = () => undefined): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, NO_WINDOW)]));
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const [type, flags] = [bytes.readUInt8(3), bytes.readUInt8(4)];
      const payload = bytes.subarray(9, end);
      heard({ type, flags, stream: bytes.readUInt32BE(5), payload });
      bytes = bytes.subarray(end);
      if (type === FRAME.ping && flags !== ACKNOWLEDGED)
        socket.write(frame(FRAME.ping, payload, { flags: ACKNOWLEDGED }));
    }
  });
  return socket;
}
