import {
  closeSync,
  copyFileSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Either the old content or the new one is there, whatever fails. Throws the file system's error. */
export function replaceFile(file: string, text: string): void {
  const next = `${file}.next`;
  try {
    writeFileSync(next, text, { flush: true, mode: 0o600 });
    renameSync(next, file);
  } catch (error) {
    removeQuietly(next);
    throw error;
  }
}

/** The same for a copy of another file, which is on the disk when this returns. Whoever has opened the old one keeps it. */
export function replaceWithCopy(file: string, source: string): void {
  const next = `${file}.part`;
  try {
    copyFileSync(source, next);
    flush(next);
    renameSync(next, file);
    flush(path.dirname(file));
  } catch (error) {
    removeQuietly(next);
    throw error;
  }
}

function flush(file: string): void {
  const fd = openSync(file, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Why it is removed says more than why it can not be. */
export function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is in nobody's way.
  }
}
