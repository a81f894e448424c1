import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import {
  addSeals,
  createPipe,
  createSocket,
  duplicate,
  errnoName,
  getCloseOnExec,
  getFileOffset,
  getOpenFileLimit,
  getSeals,
  getStatusFlags,
  identifyDescriptor,
  identifySocket,
  isLinuxError,
  LinuxError,
  mapShared,
  memfdCreate,
  seals,
  setCloseOnExec,
  setNonBlocking,
  setOpenFileLimit,
} from './index';

const opened: number[] = [];
const track = (fd: number): number => {
  opened.push(fd);
  return fd;
};
afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd);
});

const linuxErrorOf = (action: () => unknown): LinuxError => {
  try {
    action();
  } catch (error) {
    if (error instanceof LinuxError) return error;
    throw error;
  }
  throw new Error('expected a LinuxError');
};

describe('memfds', () => {
  it('creates an anonymous file of the asked size that reads and writes', () => {
    const fd = track(memfdCreate('spec', { size: 8192 }));
    writeSync(fd, 'hello', 4096);
    const back = Buffer.alloc(5);
    readSync(fd, back, 0, 5, 4096);
    expect(back.toString()).toBe('hello');
    expect(identifyDescriptor(fd)).toMatchObject({ kind: 'regular', sizeBytes: 8192n });
  });

  it('keeps seals, and refuses them where they were not allowed', () => {
    const fd = track(memfdCreate('sealed', { size: 4096, allowSealing: true }));
    expect(getSeals(fd)).toBe(0);
    addSeals(fd, seals.grow | seals.shrink);
    expect(getSeals(fd)).toBe(seals.grow | seals.shrink);
    const unsealable = track(memfdCreate('plain'));
    const error = linuxErrorOf(() => addSeals(unsealable, seals.grow));
    expect(error).toMatchObject({ code: 'EPERM', errno: 1, operation: 'fcntl F_ADD_SEALS' });
  });

  it('passes the errno of a refused name on', () => {
    const error = linuxErrorOf(() => memfdCreate('n'.repeat(250)));
    expect(error.code).toBe('EINVAL');
    expect(error.message).toContain('memfd_create');
  });

  it('maps memory that is the file', () => {
    const fd = track(memfdCreate('mapped', { size: 8192 }));
    const mapping = mapShared(fd, 8192);
    mapping.bytes.write('through the map', 5000);
    const back = Buffer.alloc(15);
    readSync(fd, back, 0, 15, 5000);
    mapping.unmap();
    expect(back.toString()).toBe('through the map');
    expect(linuxErrorOf(() => mapShared(fd, 0)).code).toBe('EINVAL');
    expect(linuxErrorOf(() => mapShared(track(openSync('/', 'r')), 4096)).operation).toBe('mmap');
  });

  it('ends a mapping once: what lies at its address later is somebody else’s', () => {
    const size = 8192;
    const first = mapShared(track(memfdCreate('first-mapping', { size })), size);
    first.unmap();
    // The kernel gives the address that has just become free.
    const second = mapShared(track(memfdCreate('second-mapping', { size })), size);
    first.unmap();
    expect(readFileSync('/proc/self/maps', 'utf8')).toContain('second-mapping');
    second.unmap();
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain('second-mapping');
  });
});

describe('descriptor flags', () => {
  it('reads and switches close-on-exec', () => {
    const fd = track(memfdCreate('flags', { closeOnExec: false }));
    expect(getCloseOnExec(fd)).toBe(false);
    setCloseOnExec(fd, true);
    expect(getCloseOnExec(fd)).toBe(true);
    setCloseOnExec(fd, false);
    expect(getCloseOnExec(fd)).toBe(false);
    expect(linuxErrorOf(() => getCloseOnExec(9999))).toMatchObject({
      code: 'EBADF',
      subject: 'fd 9999',
    });
  });

  it('duplicates to a number at or above the lowest, sharing the file', () => {
    const fd = track(memfdCreate('dup'));
    const copy = track(duplicate(fd, 200));
    expect(copy).toBeGreaterThanOrEqual(200);
    expect(getCloseOnExec(copy)).toBe(true);
    expect(identifyDescriptor(copy).inode).toBe(identifyDescriptor(fd).inode);
  });

  it('shows the file position and the status flags', () => {
    const fd = track(memfdCreate('position'));
    writeSync(fd, 'twelve bytes');
    expect(getFileOffset(fd)).toBe(12);
    const before = getStatusFlags(fd);
    setNonBlocking(fd, true);
    expect(getStatusFlags(fd)).not.toBe(before);
    setNonBlocking(fd, false);
    expect(getStatusFlags(fd)).toBe(before);
    expect(identifyDescriptor(track(openSync('/dev/null', 'r'))).kind).toBe('character-device');
  });

  it('reads and sets the limit of open files', () => {
    const before = getOpenFileLimit();
    const soft = Math.min(before.soft, 1000);
    setOpenFileLimit({ soft, hard: before.hard });
    expect(getOpenFileLimit().soft).toBe(soft);
    setOpenFileLimit(before);
    expect(getOpenFileLimit()).toEqual(before);
    expect(linuxErrorOf(() => setOpenFileLimit({ soft: 10, hard: 5 })).code).toBe('EINVAL');
  });
});

describe('pipes', () => {
  it('carries bytes from the writing to the reading end, both close-on-exec', () => {
    const { readFd, writeFd } = createPipe();
    track(readFd);
    track(writeFd);
    writeSync(writeFd, 'through');
    const back = Buffer.alloc(7);
    readSync(readFd, back);
    expect(back.toString()).toBe('through');
    expect([getCloseOnExec(readFd), getCloseOnExec(writeFd)]).toEqual([true, true]);
    expect(identifyDescriptor(readFd).kind).toBe('fifo');
    expect(linuxErrorOf(() => getFileOffset(readFd)).code).toBe('ESPIPE');
  });
});

describe('sockets', () => {
  it('makes sockets of each kind, none of them listening', () => {
    const fd = track(createSocket('inet6', 'datagram'));
    expect(identifySocket(fd)).toEqual({ domain: 'inet6', type: 'datagram', listening: false });
    expect(getCloseOnExec(fd)).toBe(true);
  });

  const listen = (server: Server): Promise<void> =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  it('recognises a listening TCP socket, and that a memfd is none', async () => {
    const server = createServer();
    await listen(server);
    const handle = (server as unknown as { _handle: { fd: number } })._handle;
    expect(identifySocket(handle.fd)).toEqual({ domain: 'inet', type: 'stream', listening: true });
    expect(identifyDescriptor(handle.fd).kind).toBe('socket');
    await new Promise((resolve) => server.close(resolve));
    const memfd = track(memfdCreate('no socket'));
    expect(linuxErrorOf(() => identifySocket(memfd)).code).toBe('ENOTSOCK');
  });
});

describe('LinuxError', () => {
  it('says what failed on what, with the symbolic errno', () => {
    const error = new LinuxError(16, 'open', '/dev/liveupdate');
    expect(error.message).toBe('open on /dev/liveupdate failed: EBUSY');
    expect(isLinuxError(error, 'EBUSY')).toBe(true);
    expect(isLinuxError(error, 'ENOENT')).toBe(false);
    expect(isLinuxError(new Error('no'))).toBe(false);
    expect([errnoName(95), errnoName(11), errnoName(4095)]).toEqual([
      'EOPNOTSUPP',
      'EAGAIN',
      'ERRNO_4095',
    ]);
  });
});
