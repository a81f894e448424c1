import { closeSync, constants, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { CliError, EXIT } from '../cli.error';

/**
 * Opens what a user named without waiting for it, so that opening a FIFO that nobody writes to does not hold up an interrupt.
 * @throws CliError
 */
export function openInput(what: string, file: string): { fd: number; stats: Stats } {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return { fd, stats: fstatSync(fd) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(EXIT.usage, `cannot read the ${what} ${file} (${code})`, [], { cause });
  }
}

/** Bytes of a file or a pipe. */
export function openManifest(file: string): Readable {
  const { fd, stats } = openInput('manifest', file);
  if (stats.isFile()) return createReadStream('', { fd });
  if (stats.isFIFO()) return new Socket({ fd, writable: false });
  closeSync(fd);
  const why = stats.isDirectory() ? 'EISDIR: it is a folder' : 'it is neither a file nor a pipe';
  throw new CliError(EXIT.usage, `cannot read the manifest ${file} (${why})`);
}

/** Text of at most so many bytes; reading ends with the signal. */
export async function readInput(
  stream: Readable,
  name: string,
  bytesMax: number,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > bytesMax)
        throw new CliError(
          EXIT.usage,
          `${name} is larger than ${bytesMax} bytes; that is no manifest`,
        );
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    if (signal.aborted || cause instanceof CliError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : code;
    throw new CliError(EXIT.usage, `cannot read ${name} (${why})`, [], { cause });
  }
}
