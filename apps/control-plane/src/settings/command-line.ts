import { LuofleetError } from '@luofleet/platform';
import { readOptions } from '@luofleet/platform/command-line';
import { type Role, ROLES } from './control-plane.settings';

/**
 * The role this process was started for; `all` when none is named.
 * @throws LuofleetError INVALID_INPUT
 */
export function roleOf(args: readonly string[]): Role {
  let role: string;
  try {
    role = readOptions({
      args: [...args],
      options: { role: { type: 'string', default: 'all' } },
    }).values.role;
  } catch (error) {
    throw usage(error);
  }
  const known = ROLES.find((candidate) => candidate === role);
  if (known === undefined) throw usage();
  return known;
}

function usage(cause?: unknown): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'start control plane',
    subject: 'command line',
    detail: `usage: main.cjs [--role ${ROLES.join('|')}]`,
    cause,
  });
}
