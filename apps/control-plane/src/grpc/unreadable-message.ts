import type { ServiceDefinition } from '@grpc/grpc-js';
import { LuofleetError } from '@luofleet/platform';

/**
 * A message that is no message of its kind. It is handed on and not thrown: grpc-js would end the whole stream for it, with
 * a status that blames the server.
 */
export class UnreadableMessage {
  constructor(readonly cause: unknown) {}
}

/** The same methods, whose decoders never throw. */
export function readableMethods(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: reading(method.requestDeserialize) },
    ]),
  );
}

const reading =
  (decode: (bytes: Buffer) => unknown) =>
  (bytes: Buffer): unknown => {
    try {
      return decode(bytes);
    } catch (cause) {
      return new UnreadableMessage(cause);
    }
  };

/**
 * The message, unless it could not be decoded.
 * @throws LuofleetError INVALID_INPUT
 */
export function assertReadable<Message>(message: Message | UnreadableMessage): Message {
  if (!(message instanceof UnreadableMessage)) return message;
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read message',
    subject: 'request',
    detail: 'The message can not be decoded: it is damaged, or nested too deeply.',
    cause: message.cause,
  });
}
