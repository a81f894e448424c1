/**
 * DOC: calls that take their time
 *
 * Purpose: no call with one request, and no ended call, holds its stream for longer than this. grpc-js waits for
 * ever: for a request that never ends, and for a window to send the end of a call after all that was written before.
 *
 * Happy path: a request ends, what is sent is taken, the call ends.
 *
 * Unhappy paths: a request that does not end, or a single answer that is not taken, within CALL_WITHIN_MS -> the call ends
 * with DEADLINE_EXCEEDED; the end of a call is not taken within END_WITHIN_MS -> its stream is reset. Streams of the same
 * connection go on. What is sent on a stream meanwhile is bounded by who sends it.
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';

const CALL_WITHIN_MS = 60_000;
const END_WITHIN_MS = 10_000;

export const boundedCalls: ServerInterceptor = (method, call) => {
  // The innermost call has the stream; nothing public resets one.
  const { stream } = call as unknown as { readonly stream: ServerHttp2Stream };
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number, late: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(late, ms);
  };
  const endWithin = () => within(END_WITHIN_MS, () => stream.close(constants.NGHTTP2_CANCEL));
  stream.once('close', () => clearTimeout(timer));
  if (!method.requestStream)
    within(CALL_WITHIN_MS, () => {
      const details = `The call did not end within ${CALL_WITHIN_MS} ms.`;
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
      endWithin();
    });
  return new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveHalfClose: (received) => {
          if (method.responseStream) clearTimeout(timer);
          received();
        },
      }),
    sendStatus: (ending, next) => {
      endWithin();
      next(ending);
    },
  });
};
