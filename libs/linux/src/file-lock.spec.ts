import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFile } from './file-lock';
import { koffiNativeFile } from './koffi-loader';

/** Locks FILE and says so; ends with its standard input. */
const holder = (file: string, lock = 'fcntl(fd, 6, record)') => `
  const koffi = require(${JSON.stringify(koffiNativeFile())});
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, void *argument)');
  const flock = koffi.load('libc.so.6').func('int flock(int fd, int operation)');
  const record = Buffer.alloc(32);
  record.writeInt16LE(1, 0);
  const fd = require('node:fs').openSync(${JSON.stringify(file)}, 'a');
  console.log(${lock});
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

  it('stays when the process closes another descriptor of the file', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'luofleet-lock-')), 'lock');
    const fd = openSync(file, 'a');
    expect(lockFile(fd)).toBeNull();
    closeSync(openSync(file, 'r'));
    // As another process would: with an open file of its own.
    const other = spawnSync(process.execPath, ['-e', holder(file, 'flock(fd, 6)')], { input: '' });
    expect(String(other.stdout).trim()).toBe('-1');
    closeSync(fd);
    const next = spawnSync(process.execPath, ['-e', holder(file, 'flock(fd, 6)')], { input: '' });
    expect(String(next.stdout).trim()).toBe('0');
  });
});
