/** HTTP as a client that keeps no rule would speak it: the bytes as they are given. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Head and body, as they came. */
  readonly text: string;
}

const WITHIN_MS = 30_000;

/** A stream of events has no end; its first frame says that it is one. */
const hasFirstFrame = (text: string) => /^content-type: text\/event-stream.*^retry: /ims.test(text);

/** Sends these bytes and reads the answer to its end, or until there is enough of it. */
export function sendRaw(port: number, bytes: Buffer, isEnough = hasFirstFrame): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    const done = () => {
      socket.destroy();
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
      if (status === undefined) reject(new Error(`no answer to ${bytes.toString('latin1')}`));
      else resolve({ status: Number(status), text });
    };
    socket.setEncoding('utf8');
    socket.setTimeout(WITHIN_MS, done);
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (isEnough(text)) done();
    });
    socket.on('close', done);
    socket.on('error', reject);
  });
}

/** A request whose target and headers have any bytes. */
export function rawRequest(
  method: string,
  target: Buffer | string,
  headers: Readonly<Record<string, Buffer | string>> = {},
  body = '',
): Buffer {
  const all = { host: 'localhost', connection: 'close', ...headers };
  const sized = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...all, ...sized }).flatMap(([name, value]) => [
    Buffer.from(`${name}: `),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([
    Buffer.from(`${method} `),
    Buffer.from(target),
    Buffer.from(' HTTP/1.1\r\n'),
    ...lines,
    Buffer.from('\r\n'),
    Buffer.from(body),
  ]);
}
