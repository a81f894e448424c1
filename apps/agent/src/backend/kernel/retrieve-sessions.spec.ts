import { LinuxError, type LiveUpdateDevice } from '@luofleet/linux';
import type { FileStatus, SessionStatus } from '../../model/command';
import { handoverSource } from './arrival-record';
import { retrieveSessions } from './retrieve-sessions';

const file = (token: bigint): FileStatus => ({
  ...{ token, name: `f${token}`, compatible: 'memfd-v2', dataHandle: 0n, sizeBytes: 0n },
  ...{ state: 'preserved', reason: null },
});
const session = (workload: string, ...tokens: bigint[]): SessionStatus => ({
  ...{ name: `luofleet.${workload}`, workload, state: 'frozen', files: tokens.map(file) },
});

/** A device that answers as the kernel does, and remembers what it was asked. */
function device(refused: Record<string, number>) {
  const asked: string[] = [];
  const answer = <T>(subject: string, value: T): T => {
    asked.push(subject);
    const errno = refused[subject];
    if (errno !== undefined) throw new LinuxError(errno, 'ioctl', subject);
    return value;
  };
  const fake = {
    retrieveSession: (name: string) =>
      answer(name, {
        retrieveFd: (token: bigint) => answer(`${name}/${token}`, 100 + Number(token)),
      }),
  };
  return { asked, device: handoverSource(null, fake as unknown as LiveUpdateDevice) };
}

describe('retrieveSessions', () => {
  it('takes every file of every session, in order, each once', () => {
    const { asked, device: kernel } = device({});
    const retrieved = retrieveSessions(kernel, [session('a', 1n, 2n), session('b', 1n)]);
    const got = retrieved.map((one) =>
      'files' in one.got ? one.got.files.map((each) => each.got) : one.got,
    );
    expect(got).toEqual([[{ fd: 101 }, { fd: 102 }], [{ fd: 101 }]]);
    const a = ['luofleet.a', 'luofleet.a/1', 'luofleet.a/2'];
    expect(asked).toEqual([...a, 'luofleet.b', 'luofleet.b/1']);
  });

  it('goes on after a file that is lost, and asks for it no more', () => {
    const { asked, device: kernel } = device({ 'luofleet.a/1': 5 });
    const [one] = retrieveSessions(kernel, [session('a', 1n, 2n)]);
    const files = one && 'files' in one.got ? one.got.files : [];
    expect(files.map(({ got }) => got)).toMatchObject([
      {
        reason: {
          code: 'RETRIEVE_FAILED',
          errnoCode: 'EIO',
          subject: 'session luofleet.a/file 0x1',
        },
      },
      { fd: 102 },
    ]);
    expect(asked.filter((subject) => subject === 'luofleet.a/1')).toHaveLength(1);
  });

  it.each([
    [2, 'SESSIONS_GONE', false],
    // Somebody had it and closed it without finishing: the kernel keeps it for nobody.
    [22, 'RETRIEVE_FAILED', true],
    [12, 'RETRIEVE_FAILED', false],
  ])('tells what errno %d means for a session', (errno, code, isOrphan) => {
    const { asked, device: kernel } = device({ 'luofleet.a': errno });
    const retrieved = retrieveSessions(kernel, [session('a', 1n), session('b', 1n)]);
    expect(retrieved[0]?.got).toMatchObject({ reason: { code }, isOrphan });
    expect(retrieved[1]?.got).toMatchObject({ files: [{ got: { fd: 101 } }] });
    expect(asked).not.toContain('luofleet.a/1');
  });
});
