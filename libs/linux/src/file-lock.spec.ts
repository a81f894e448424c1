import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFile, lockForExecve } from './file-lock';
import { koffiNativeFile } from './koffi-loader';
import { call } from './libc';

/** Locks the whole FILE as earlier agents did, and says whether it could; ends with its standard input. */
const earlier = (file: string) => `
  const koffi = require(${JSON.stringify(koffiNativeFile())});
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, void *argument)');
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(1, 0);
  const fd = require('node:fs').openSync(${JSON.stringify(file)}, 'a');
  const result = fcntl(fd, 6, lock);
  fcntl(fd, 5, lock);
  console.log(result === 0 ? 'mine' : lock.readInt32LE(24));
  process.stdin.resume();
`;

const lockWholeFile = (fd: number) => () => {
  const record = Buffer.alloc(32);
  record.writeInt16LE(1, 0);
  call({ operation: 'fcntl F_SETLK', subject: `fd ${fd}` }, 'fcntlLock', fd, 6, record);
};

describe('lockFile', () => {
  let file: string;
  beforeEach(() => {
    file = path.join(mkdtempSync(path.join(tmpdir(), 'luofleet-lock-')), 'lock');
  });

  const earlierSays = () =>
    String(spawnSync(process.execPath, ['-e', earlier(file)], { input: '' }).stdout).trim();

  it('names the process that has the lock, and takes it once that one is gone', async () => {
    const child = spawn(process.execPath, ['-e', earlier(file)], { stdio: 'pipe' });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const said = await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(String(said).trim()).toBe('mine');
    const fd = openSync(file, 'a');
    expect(lockFile(fd)).toEqual({ heldBy: child.pid });
    child.kill('SIGKILL');
    await exited;
    expect(lockFile(fd)).toBeNull();
    expect(lockFile(fd)).toBeNull();
    expect(earlierSays()).toBe(String(process.pid));
    closeSync(fd);
    expect(earlierSays()).toBe('mine');
  });

  it('stays when the process closes other descriptors of the file', () => {
    const fd = openSync(file, 'a');
    expect(lockFile(fd)).toBeNull();
    closeSync(openSync(file, 'r'));
    // An open file of its own is as good as another process here.
    expect(lockFile(openSync(file, 'a'))).toEqual({ heldBy: 0 });
    expect(earlierSays()).not.toBe('mine');
    expect(lockFile(fd)).toBeNull();
  });

  it('becomes a lock as earlier agents have it, and one of its own again', () => {
    const fd = openSync(file, 'a');
    expect(lockFile(fd)).toBeNull();
    expect(lockForExecve(fd)).toBe(true);
    expect(earlierSays()).toBe(String(process.pid));
    // What an earlier agent does with the descriptor that it gets.
    expect(lockWholeFile(fd)).not.toThrow();
    expect(lockFile(fd)).toBeNull();
    expect(lockWholeFile(fd)).toThrow('EAGAIN');
  });
});
