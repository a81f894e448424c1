import { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { type AgentCall, Outbox } from './outbox';

/** A stream whose other side takes nothing. */
function stuckCall(): { call: AgentCall; written: () => number; errors: { code: number }[] } {
  let written = 0;
  const errors: { code: number }[] = [];
  const stream = new Duplex({
    objectMode: true,
    read: () => undefined,
    write: () => (written += 1),
  });
  stream.on('error', (error: Error & { code: number }) => errors.push(error));
  return { call: stream as unknown as AgentCall, written: () => written, errors };
}

describe('Outbox', () => {
  const detail = 'x'.repeat(64 * 1024);
  const goodbye = { $case: 'goodbye', value: { code: 'TEST', detail } } as const;

  it('gives up a stream that takes nothing once too many bytes wait', () => {
    const { call, errors } = stuckCall();
    const outbox = new Outbox(call);
    for (let sent = 0; sent < 50; sent += 1) outbox.send(goodbye);
    expect(errors).toEqual([]);
    for (let sent = 0; sent < 1_000; sent += 1) outbox.send(goodbye);
    expect(errors.map(({ code }) => code)).toEqual([status.RESOURCE_EXHAUSTED]);
    expect(outbox.isOver).toBe(true);
  });
});
