// JSON lines on stderr. Written by hand in these few lines because the agent logs inside the blackout, where loading a
// logging library would cost more than everything it logs.

import { escapeJson } from '@luofleet/platform/text';

export interface Log {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  child(fields: object): Log;
}

const levels = { info: 30, warn: 40, error: 50 } as const;

/** A logger whose lines all carry `fields`. Lines have pino's shape: level number, time in ms, msg. */
export function createLog(fields: object, write = writeToStderr): Log {
  const at =
    (level: keyof typeof levels) =>
    (message: string, more: object = {}) =>
      write(
        escapeJson(
          JSON.stringify(
            { level: levels[level], time: Date.now(), ...fields, ...more, msg: message },
            (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
          ),
        ),
      );
  return {
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createLog({ ...fields, ...more }, write),
  };
}

function writeToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

export const silentLog: Log = createLog({}, () => undefined);
