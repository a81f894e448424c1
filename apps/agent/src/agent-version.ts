import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Set by the bundle's first line (build.config.mjs); absent when run from source. */
declare const LUOFLEET_AGENT_VERSION: string | undefined;

/** Version of this runtime image. */
export const agentVersion: string =
  typeof LUOFLEET_AGENT_VERSION === 'string' ? LUOFLEET_AGENT_VERSION : '0.0.0-source';

/** Absolute path of the image that runs. */
export const runningImagePath = __filename;

const CHUNK_BYTES = 2 ** 20;

/** Lower-case hex sha256 of a regular file. Throws the file system's error, or that it is none: reading a FIFO may never end. */
export function sha256OfFile(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file`);
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const bytes = readSync(fd, chunk);
      if (bytes === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, bytes));
    }
  } finally {
    closeSync(fd);
  }
}
