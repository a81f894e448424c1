// Finds programs on PATH.

import { accessSync, constants } from 'node:fs';
import path from 'node:path';

// Where distributions put servers, and ordinary users' PATH does not look.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The full path of a program, or undefined. */
export function findOnPath(name) {
  return [...(process.env.PATH ?? '').split(':'), ...SYSTEM_FOLDERS]
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
