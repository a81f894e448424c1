// A small initrd for lab machines: an archive (cpio "newc", gzipped) of a static busybox and an init that mounts the shared
// root, says so on the console, and goes on with the root's own init.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;
const init = path.join(import.meta.dirname, 'guest/initrd-init.sh');

/** Writes the initrd to `file`; `rootDirectory` is the lab's root file system. */
export function makeInitrd(file, rootDirectory) {
  const entries = [
    ['bin', DIRECTORY],
    ['bin/busybox', PROGRAM, readFileSync(path.join(rootDirectory, 'bin/busybox'))],
    ['root', DIRECTORY],
    ['init', PROGRAM, readFileSync(init)],
    ['TRAILER!!!', 0],
  ];
  const archive = Buffer.concat(entries.map(([name, mode, data], i) => entry(i, name, mode, data)));
  writeFileSync(file, gzipSync(archive));
}

/** Header of 13 fields in hexadecimal, name with its NUL, data; each padded to 4 bytes. */
function entry(inode, name, mode, data = Buffer.alloc(0)) {
  const links = mode === DIRECTORY ? 2 : 1;
  const numbers = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const fields = numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([padded(Buffer.from(`070701${fields}${name}\0`)), padded(data)]);
}

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
