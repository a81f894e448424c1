import { spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFile } from './file-lock';
import { koffiNativeFile } from './koffi-loader';

/** Locks FILE and says so; ends with its standard input. */
const holder = (file: string) => `
  const koffi = require(${JSON.stringify(koffiNativeFile())});
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, void *argument)');
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(1, 0);
  const fd = require('node:fs').openSync(${JSON.stringify(file)}, 'a');
  console.log(fcntl(fd, 6, lock));
  process.stdin.resume();
`;

describe('lockFile', () => {
  it('names the process that has the lock, and takes it once that one is gone', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'luofleet-lock-')), 'lock');
    const child = spawn(process.execPath, ['-e', holder(file)], { stdio: 'pipe' });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const said = await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(String(said).trim()).toBe('0');
    const fd = openSync(file, 'a');
    expect(lockFile(fd)).toEqual({ heldBy: child.pid });
    child.kill('SIGKILL');
    await exited;
    expect(lockFile(fd)).toBeNull();
    expect(lockFile(fd)).toBeNull();
  });
});
