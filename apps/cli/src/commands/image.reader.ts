import { createHash } from 'node:crypto';
import { closeSync, createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Script } from 'node:vm';
import { describeThrown } from '@luofleet/platform/text';
import { CliError, EXIT } from '../cli.error';
import { openInput } from './input.reader';

/** Digest of a local image. Only a regular file is one: anything else may never end. */
export async function digestOf(what: string, file: string, signal: AbortSignal): Promise<string> {
  const { fd, stats } = openInput(what, file);
  if (!stats.isFile()) {
    closeSync(fd);
    throw new CliError(EXIT.usage, `the ${what} ${file} is not a regular file`);
  }
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream('', { fd }), hash, { signal });
  } catch (cause) {
    if (signal.aborted) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(EXIT.usage, `cannot read the ${what} ${file} (${code})`, [], {
      cause,
    });
  }
  return hash.digest('hex');
}

/** A runtime image is a bundle that node runs. Compiling it tells most other files apart, without running anything. */
export async function assertRuntimeImage(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  try {
    if (text.trim() === '') throw new SyntaxError('it is empty');
    new Script(text, { filename: 'image' });
  } catch (cause) {
    throw new CliError(
      EXIT.usage,
      `${file} is no runtime image: ${describeThrown(cause)}. ` +
        'A runtime image is the agent in one file, for example dist/apps/agent/images/agent-1.1.0.cjs; ' +
        'for a kernel give --kind kernel',
      [],
      { cause },
    );
  }
}
