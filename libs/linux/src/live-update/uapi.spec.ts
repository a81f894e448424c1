// Layouts against what a C compiler makes of the declarations, as computed by the FFI library.
import { closeSync } from 'node:fs';
import {
  emptyArgument,
  fileArgument,
  LinuxError,
  LiveUpdateDevice,
  LiveUpdateSession,
  liveUpdateLayouts,
  liveUpdateRequests,
  memfdCreate,
  readFd,
  readName,
  sessionArgument,
  stageKernel,
} from '../index';
import { loadKoffi } from '../koffi-loader';

const koffi = loadKoffi();
const name = koffi.array('uint8_t', 64);
const declared = {
  createSession: koffi.struct({ size: 'uint32_t', fd: 'int32_t', name }),
  retrieveSession: koffi.struct({ size: 'uint32_t', fd: 'int32_t', name }),
  preserveFd: koffi.struct({ size: 'uint32_t', fd: 'int32_t', token: [8, 'uint64_t'] }),
  retrieveFd: koffi.struct({ size: 'uint32_t', fd: 'int32_t', token: [8, 'uint64_t'] }),
  finish: koffi.struct({ size: 'uint32_t', reserved: 'uint32_t' }),
  getName: koffi.struct({ size: 'uint32_t', reserved: 'uint32_t', name }),
} as const;

describe('live update structs', () => {
  it.each(Object.entries(liveUpdateLayouts))('%s is laid out as in C', (kind, layout) => {
    const type = declared[kind as keyof typeof declared];
    const { sizeBytes, ...offsets } = layout;
    expect(sizeBytes).toBe(koffi.sizeof(type));
    for (const [field, offset] of Object.entries(offsets)) {
      expect([field, offset]).toEqual([field, koffi.offsetof(type, field)]);
    }
    expect(Object.keys(type.members ?? {})).toEqual(['size', ...Object.keys(offsets)]);
  });

  it('numbers the six requests as _IO(0xba, nr)', () => {
    expect(liveUpdateRequests).toEqual({
      createSession: 0xba00,
      retrieveSession: 0xba01,
      preserveFd: 0xba40,
      retrieveFd: 0xba41,
      finish: 0xba42,
      getName: 0xba43,
    });
  });

  it('writes arguments a C decoder reads back', () => {
    const preserve = fileArgument('preserveFd', 0x8123_4567_89ab_cdefn, 12);
    expect(koffi.decode(preserve, declared.preserveFd)).toEqual({
      size: 16,
      fd: 12,
      token: 0x8123_4567_89ab_cdefn,
    });
    const create = sessionArgument('createSession', 'größe');
    const decoded = koffi.decode(create, declared.createSession) as { name: ArrayLike<number> };
    expect(Buffer.from(Array.from(decoded.name)).toString('utf8', 0, 7)).toBe('größe');
    expect(readFd(create)).toBe(-1);
    expect(koffi.decode(emptyArgument('finish'), declared.finish)).toEqual({
      size: 8,
      reserved: 0,
    });
  });

  it('reads names with and without a terminator', () => {
    const argument = emptyArgument('getName');
    argument.write('vm-a', 8);
    expect(readName(argument)).toBe('vm-a');
    argument.fill('X', 8);
    expect(readName(argument)).toBe('X'.repeat(64));
  });
});

describe('a device that is none', () => {
  const codeOf = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof LinuxError) return error.code;
      throw error;
    }
    return 'no error';
  };

  it('passes the errno of open on', () => {
    expect(codeOf(() => LiveUpdateDevice.open('/nonexistent/liveupdate'))).toBe('ENOENT');
  });

  it('passes the errno of an ioctl on (a memfd knows none of them)', () => {
    const session = LiveUpdateSession.adopt(memfdCreate('no session'));
    expect(codeOf(() => session.preserveFd(1n, 0))).toBe('ENOTTY');
    expect(codeOf(() => session.retrieveFd(1n))).toBe('ENOTTY');
    expect(codeOf(() => session.finish())).toBe('ENOTTY');
    expect(codeOf(() => session.getName())).toBe('ENOTTY');
    closeSync(session.fd);
  });

  it('refuses names that the kernel would cut, before asking it', () => {
    const device = LiveUpdateDevice.open('/dev/null');
    expect(codeOf(() => device.createSession('n'.repeat(64)))).toBe('EINVAL');
    expect(codeOf(() => device.createSession('a\0b'))).toBe('EINVAL');
    expect(codeOf(() => device.createSession('fits'))).toBe('ENOTTY');
    device.close();
  });
});

describe('stageKernel', () => {
  it('names the missing image', () => {
    expect(() => stageKernel({ kernelPath: '/nonexistent/bzImage', commandLine: 'x' })).toThrow(
      'open on /nonexistent/bzImage failed: ENOENT',
    );
  });
});
