// Compares and mirrors folders of generated files.

import { cpSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** What differs between a freshly generated folder and the one in place: one line a file, empty when nothing does. */
export function compareFolders(fresh, inPlace) {
  const wanted = new Set(listFiles(fresh));
  const present = new Set(listFiles(inPlace));
  return [
    ...[...wanted].filter((file) => !present.has(file)).map((file) => `${file}: missing`),
    ...[...present]
      .filter((file) => !wanted.has(file))
      .map((file) => `${file}: no longer generated`),
    ...[...wanted]
      .filter((file) => present.has(file))
      .filter(
        (file) =>
          !readFileSync(path.join(fresh, file)).equals(readFileSync(path.join(inPlace, file))),
      )
      .map((file) => `${file}: differs`),
  ].sort();
}

/** Makes a folder the same as a freshly generated one. Files that are the same already are not touched. */
export function mirrorFolder(fresh, inPlace) {
  const wanted = new Set(listFiles(fresh));
  for (const file of listFiles(inPlace)) if (!wanted.has(file)) rmSync(path.join(inPlace, file));
  const isNew = (source, target) =>
    statSync(source).isDirectory() ||
    !statSync(target, { throwIfNoEntry: false }) ||
    !readFileSync(source).equals(readFileSync(target));
  cpSync(fresh, inPlace, { recursive: true, filter: isNew });
}

function listFiles(folder) {
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
}
