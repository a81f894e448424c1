import { constants, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

/** Opens a regular file, and only such: opening or reading a FIFO or a device may never end. Throws otherwise. */
export async function openRegularFile(
  file: string,
): Promise<{ handle: FileHandle; bytes: number }> {
  // Looked at before it is opened, because opening a device may do something; and after, because it may be another one.
  insist(await stat(file), file);
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = await handle.stat();
    insist(stats, file);
    return { handle, bytes: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function insist(stats: Stats, file: string): void {
  if (!stats.isFile()) throw new Error(`${file} is ${kindOf(stats)}, not a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'a device' : 'something else';
}
