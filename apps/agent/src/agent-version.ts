import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Set by the bundle's first line (build.config.mjs); absent when run from source. */
declare const LUOFLEET_AGENT_VERSION: string | undefined;

/** Version of this runtime image. */
export const agentVersion: string =
  typeof LUOFLEET_AGENT_VERSION === 'string' ? LUOFLEET_AGENT_VERSION : '0.0.0-source';

/** Absolute path of the image that runs. */
export const runningImagePath = __filename;

/** Lower-case hex sha256 of a file. Throws the file system's error. */
export const sha256OfFile = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');
