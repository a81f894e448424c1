import { plainTextFault } from '@luofleet/platform/text';
import { CliError, EXIT } from '../cli.error';

/**
 * A name or id as one part of a path.
 * @throws CliError when nothing can be called so; dots alone would be taken for the path of something else
 */
export function pathPart(name: string): string {
  const fault = /^\.{0,2}$/.test(name) ? 'is no name and no id' : plainTextFault(name);
  if (fault !== null) throw new CliError(EXIT.usage, `"${name}" ${fault}`);
  return encodeURIComponent(name);
}
