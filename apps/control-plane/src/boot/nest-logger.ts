import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@luofleet/platform';

/** Nest's own lines, in our log: its chatter at debug, its complaints as they are. */
export function nestLogger(logger: Logger): LoggerService {
  const fields = (rest: readonly unknown[]) => ({ nest: rest.map(String) });
  return {
    log: (message, ...rest: unknown[]) => logger.debug(String(message), fields(rest)),
    debug: (message, ...rest: unknown[]) => logger.debug(String(message), fields(rest)),
    verbose: (message, ...rest: unknown[]) => logger.debug(String(message), fields(rest)),
    warn: (message, ...rest: unknown[]) => logger.warn(String(message), fields(rest)),
    error: (message, ...rest: unknown[]) => logger.error(String(message), fields(rest)),
  };
}
