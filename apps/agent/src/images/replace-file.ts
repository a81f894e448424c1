import { renameSync, rmSync, writeFileSync } from 'node:fs';

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

/** Why it is removed says more than why it can not be. */
export function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is in nobody's way.
  }
}
