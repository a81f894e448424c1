import { mkdtempSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closeDescriptor, createPipe, createSocket, memfdCreate } from '@luofleet/linux';
import { isMemfd } from './memfd-kind';

const opened: number[] = [];
const track = (fd: number): number => {
  opened.push(fd);
  return fd;
};
afterEach(() => opened.splice(0).forEach(closeDescriptor));

it('takes memfds, and files in memory that have lost their name', () => {
  expect(isMemfd(track(memfdCreate('one')))).toBe(true);
  const file = path.join('/dev/shm', `luofleet-memfd-kind-${process.pid}`);
  const fd = track(openSync(file, 'wx+'));
  try {
    expect(isMemfd(fd)).toBe(false);
  } finally {
    unlinkSync(file);
  }
  expect(isMemfd(fd)).toBe(true);
});

it('takes nothing else, with a name or without', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-memfd-kind-'));
  const removed = track(openSync(directory, 'r'));
  rmdirSync(directory);
  const { readFd, writeFd } = createPipe();
  const socket = createSocket('inet', 'stream');
  const others = [removed, track(readFd), track(writeFd), track(socket)];
  others.push(track(openSync('/dev/null', 'r')), track(openSync(__filename, 'r')));
  expect(others.map(isMemfd)).toEqual(others.map(() => false));
});

it('knows a descriptor that is not open', () => {
  expect(() => isMemfd(99_999)).toThrow('EBADF');
});
