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
    let sent = 0;
    // One by one, which never fills the stream, and many at once, which does.
    const rounds = [...Array<number>(100).fill(1), ...Array<number>(5).fill(40)];
    for (const [index, messages] of rounds.entries()) {
      for (const end = sent + messages; sent < end; sent += 1) outbox.send(goodbye(String(sent)));
      if (index === rounds.length - 1) outbox.end();
      // More turns of the event loop than messages, each of which takes one.
      for (let turns = 0; turns < 2 * messages; turns += 1) await new Promise(setImmediate);
    }
    outbox.send(goodbye('TOO LATE'));
    expect(errors).toEqual([]);
    expect(taken).toEqual(Array.from({ length: sent }, (_, at) => String(at)));
    expect(stream.writableEnded).toBe(true);
  });
});
