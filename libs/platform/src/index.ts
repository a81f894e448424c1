// DOC: what every program of the project stands on: typed errors and their meaning at each border, settings from the
// environment, the log, the clock. Nothing here knows about hosts or rollouts.
export { ERROR_CODES, type ErrorCode, type ErrorMapping } from './errors/error-codes';
export {
  asLuofleetError,
  causeChain,
  type ErrorIssue,
  LuofleetError,
  type LuofleetErrorOptions,
} from './errors/luofleet-error';
export { type Environment, loadSettings } from './settings/settings';
export {
  millisecondsField,
  portField,
  textField,
  urlField,
  wholeNumberField,
} from './settings/settings-fields';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  silentLogger,
} from './logger/logger';
export * from './clock';
