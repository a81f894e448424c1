import { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import type { ConnectResponse } from '@luofleet/proto';
import { type AgentCall, Outbox } from './outbox';

type Write = (message: ConnectResponse, done: () => void) => void;

function outboxOver(write: Write) {
  const errors: { code: number }[] = [];
  const stream = new Duplex({
    objectMode: true,
    read: () => undefined,
    write: (message: ConnectResponse, _encoding, done) => write(message, done),
  });
  stream.on('error', (error: Error & { code: number }) => errors.push(error));
  return { stream, errors, outbox: new Outbox(stream as unknown as AgentCall) };
}

describe('Outbox', () => {
  const detail = 'x'.repeat(64 * 1024);
  const goodbye = (code: string) => ({ $case: 'goodbye', value: { code, detail } }) as const;

  it('gives up a stream that takes nothing once too many bytes wait', () => {
    const { errors, outbox } = outboxOver(() => undefined);
    for (let sent = 0; sent < 50; sent += 1) outbox.send(goodbye('TEST'));
    expect(errors).toEqual([]);
    for (let sent = 0; sent < 1_000; sent += 1) outbox.send(goodbye('TEST'));
    expect(errors.map(({ code }) => code)).toEqual([status.RESOURCE_EXHAUSTED]);
    expect(outbox.isOver).toBe(true);
  });

  it('gives up no stream that takes what comes, however much; all of it in order, then the end', async () => {
    const taken: string[] = [];
    const { stream, errors, outbox } = outboxOver(({ message }, done) => {
      if (message?.$case === 'goodbye') taken.push(message.value.code);
      setImmediate(done);
    });
    const codes = Array.from({ length: 400 }, (_, at) => String(at));
    for (let sent = 0; sent < codes.length; sent += 40) {
      for (const code of codes.slice(sent, sent + 40)) outbox.send(goodbye(code));
      // More turns of the event loop than messages, each of which takes one.
      for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
    }
    outbox.end();
    outbox.send(goodbye('TOO LATE'));
    expect(errors).toEqual([]);
    expect(taken).toEqual(codes);
    expect(stream.writableEnded).toBe(true);
  });
});
