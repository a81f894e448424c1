/**
 * DOC: calls that take their time
 *
 * Purpose: no call with one request, no message that its client does not take, and no ended call holds its stream for
 * longer than this. grpc-js waits for ever: for a request that never ends, for a window to send in, and for the client's
 * side of a call that has ended. It writes one message of a call at a time, and says when HTTP/2's window and the kernel
 * have taken it; what else is written waits with who sends it, who bounds that.
 *
 * Happy path: a request ends, what is sent is taken, the call ends.
 *
 * Unhappy paths: a request that does not end, or a single answer that is not taken, within CALL_WITHIN_MS -> the call ends
 * with DEADLINE_EXCEEDED; while there is something to take, less than TAKEN_BYTES_MIN are taken in TAKEN_WITHIN_MS -> the
 * stream is reset; more than WAITING_BYTES_MAX wait to be taken on all streams of a connection -> the stream that is one too
 * many is reset; a call that has ended, by whomever, is not closed within END_WITHIN_MS -> likewise. Streams of the same
 * connection go on.
 */
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';

const CALL_WITHIN_MS = 60_000;
const TAKEN_WITHIN_MS = 60_000;
/** Less than PAUSE_MS apart, even the smallest messages come to more. */
const TAKEN_BYTES_MIN = 4_096;
/** With nothing to take for so long, a client has taken everything. */
const PAUSE_MS = 50;
export const END_WITHIN_MS = 10_000;
const WAITING_BYTES_MAX = 32 * 2 ** 20;

/** What waits to be taken, by connection. */
const waiting = new WeakMap<Http2Session, number>();

type InnerCall = Parameters<ServerInterceptor>[1];

export const boundedCalls: ServerInterceptor = (method, call) => {
  // The innermost call has the stream; nothing public resets one.
  const { stream } = call as unknown as { readonly stream: ServerHttp2Stream };
  const reset = () => stream.close(constants.NGHTTP2_CANCEL);
  let ending: NodeJS.Timeout | undefined;
  const endWithin = () => {
    if (!stream.destroyed) ending ??= setTimeout(reset, END_WITHIN_MS);
  };
  const calling = method.requestStream
    ? undefined
    : setTimeout(() => {
        const details = `The call did not end within ${CALL_WITHIN_MS} ms.`;
        call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
        endWithin();
      }, CALL_WITHIN_MS);
  stream.once('close', () => {
    clearTimeout(calling);
    clearTimeout(ending);
  });
  return new TakenInTime(call, stream, reset, {
    start: (next) =>
      next({
        onReceiveHalfClose: (received) => {
          if (method.responseStream) clearTimeout(calling);
          received();
        },
        // Also once the status is on its way, whoever sent it.
        onCancel: endWithin,
      }),
  });
};

/** Resets the stream of a client that takes too little of what there is for it. */
class TakenInTime extends ServerInterceptingCall {
  private late: NodeJS.Timeout | undefined;
  private pause: NodeJS.Timeout | undefined;
  private takenBytes = 0;
  private waitingBytes = 0;
  private readonly session: Http2Session | undefined;

  constructor(
    call: InnerCall,
    private readonly stream: ServerHttp2Stream,
    private readonly reset: () => void,
    responder: ConstructorParameters<typeof ServerInterceptingCall>[1],
  ) {
    super(call, responder);
    this.session = stream.session;
    stream.once('close', () => {
      this.startAnew();
      this.waits(0);
    });
  }

  override sendMessage(message: unknown, taken: () => void): void {
    if (this.stream.destroyed) return;
    clearTimeout(this.pause);
    this.late ??= setTimeout(this.reset, TAKEN_WITHIN_MS);
    super.sendMessage(message, () => {
      this.takenBytes += this.waitingBytes;
      this.waits(0);
      if (this.takenBytes >= TAKEN_BYTES_MIN) this.startAnew();
      this.pause = setTimeout(() => this.startAnew(), PAUSE_MS);
      taken();
    });
    if (this.waits(this.stream.writableLength) > WAITING_BYTES_MAX) this.reset();
  }

  /** Says how much waits on the whole connection now. */
  private waits(bytes: number): number {
    if (this.session === undefined) return 0;
    const total = (waiting.get(this.session) ?? 0) + bytes - this.waitingBytes;
    this.waitingBytes = bytes;
    waiting.set(this.session, total);
    return total;
  }

  private startAnew(): void {
    clearTimeout(this.pause);
    clearTimeout(this.late);
    this.late = undefined;
    this.takenBytes = 0;
  }
}
