import { CliError, EXIT } from '../cli.error';

export const SERVER_DEFAULT = 'http://127.0.0.1:7070';

const HOW_TO_SET =
  'Say where it is with --server URL, or: export LUOFLEET_SERVER=http://ADDRESS:PORT';

/** Where the control plane is, and who said so: the option, the environment or nobody. */
export class ServerAddress {
  readonly base: URL;

  constructor(address: string, source: string | undefined) {
    const from =
      source === 'env'
        ? 'from LUOFLEET_SERVER'
        : source === 'cli'
          ? 'from --server'
          : 'the default';
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
      throw new CliError(
        EXIT.usage,
        `"${address}" (${from}) is not an http:// or https:// address. ${HOW_TO_SET}`,
      );
    this.base = new URL(address);
    this.advice = `That address is ${from}. ${HOW_TO_SET}`;
  }

  /** For messages that doubt it. */
  readonly advice: string;

  /** Without what a message must not show, such as a password. */
  get origin(): string {
    return this.base.origin;
  }
}
