import pino from 'pino';
import { describeThrown, escapeJson } from '../text';
import { causeChain } from '../errors/luofleet-error';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Fields of one log line. `err` is written with its whole chain of causes. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly err?: unknown };

/** Where log lines go. Messages are constant sentences; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  child(fields: LogFields): Logger;
}

/**
 * JSON lines on stderr; stdout belongs to the program's own output. Stderr may be a terminal: no line has a raw control
 * character.
 */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly name: string;
  readonly fields?: LogFields;
}): Logger {
  const stderr = pino.destination({ dest: 2, sync: true });
  const sink = pino(
    {
      level: options.level,
      base: { name: options.name, pid: process.pid, ...options.fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: serializeError },
    },
    { write: (line) => stderr.write(escapeJson(line)) },
  );
  return wrap(sink);
}

/** A log that keeps nothing, for tests of things that log. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

function wrap(sink: pino.Logger): Logger {
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
    child: (fields) => wrap(sink.child(fields)),
  };
}

/** The field `err` of a line; whatever was thrown, the line is written. */
export function serializeError(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error)
      return { ...thrown, name: thrown.name, chain: causeChain(thrown), stack: thrown.stack };
  } catch {
    // A getter that throws, or a proxy that is revoked: described as far as it lets itself be.
  }
  return describeThrown(thrown);
}
