import { parseArgs, type ParseArgsConfig } from 'node:util';

type Given<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>;

/** An option that may be given once was given again; the code is of the kind that parseArgs throws. */
export class RepeatedOptionError extends Error {
  readonly code = 'ERR_PARSE_ARGS_REPEATED_OPTION';
}

/**
 * Reads a command line as parseArgs does, which lets the last one win. Here an option adds up (`multiple`) or is refused the
 * second time.
 * @throws RepeatedOptionError, and what parseArgs throws; every code begins with ERR_PARSE_ARGS
 */
export function readOptions<const T extends ParseArgsConfig>(config: T): Given<T> {
  const { tokens = [] } = parseArgs({ ...config, tokens: true } as ParseArgsConfig);
  const given = new Set<string>();
  for (const token of tokens as { kind: string; name: string; rawName: string }[]) {
    if (token.kind !== 'option' || config.options?.[token.name]?.multiple === true) continue;
    if (given.has(token.name))
      throw new RepeatedOptionError(`Option '${token.rawName}' is given more than once`);
    given.add(token.name);
  }
  return parseArgs(config) as Given<T>;
}
