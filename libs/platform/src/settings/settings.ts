import { z } from 'zod';
import { LuofleetError } from '../errors/luofleet-error';

/** Environment as a process sees it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings from the environment once, checked and frozen. An empty variable counts as unset. Every bad name is
 * listed, not only the first; values are left out because some are secrets.
 *
 * @throws LuofleetError INVALID_SETTINGS
 */
export function loadSettings<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
): Readonly<z.output<Schema>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name];
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const issues = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: given[String(issue.path[0])] === undefined ? 'is required and not set' : issue.message,
  }));
  throw new LuofleetError({
    code: 'INVALID_SETTINGS',
    operation: 'load settings',
    subject: 'environment',
    detail: `Set these environment variables right: ${issues
      .map(({ path, message }) => `${path} (${message})`)
      .join(', ')}.`,
    issues,
  });
}
