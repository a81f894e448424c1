import { CliError, EXIT } from '../cli.error';

/** What `get` and `describe` know. */
export const KINDS = [
  'hosts',
  'releases',
  'rollouts',
  'updates',
  'sessions',
  'files',
  'events',
] as const;
export type Kind = (typeof KINDS)[number];

/** Reads a kind in singular or plural. */
export function parseKind(text: string): Kind {
  const kind = KINDS.find((known) => known === text || known.slice(0, -1) === text);
  if (kind) return kind;
  throw new CliError(EXIT.usage, `"${text}" is no kind of thing; use one of ${KINDS.join(', ')}`);
}
