// The agent's side of sessions, against a stand-in for the device that refuses what the real kernel can not be made to
// refuse. What the real one answers is held in libs/linux/src/conformance.
import { fstatSync, openSync } from 'node:fs';
import {
  closeDescriptor,
  duplicate,
  LinuxError,
  memfdCreate,
  type LiveUpdateDevice,
  type LiveUpdateSession,
} from '@luofleet/linux';
import type { HostFile } from '../engine/host-file';
import { SessionFailure } from '../session-failure';
import { KernelSessions } from './kernel-sessions';
import { handoverSource } from './arrival-record';
import { retrieveSessions } from './retrieve-sessions';

const ENOENT = 2;
const ENOMEM = 12;
const EBUSY = 16;
const EINVAL = 22;

/** Which call on what fails with which errno; a call is answered once with it, or always. */
class StandIn {
  readonly refusals = new Map<string, number>();
  readonly calls: string[] = [];
  isOpen = true;

  readonly device = {
    createSession: (name: string) => this.session('create', name),
    retrieveSession: (name: string) => this.session('retrieve', name),
    close: () => {
      this.isOpen = false;
      this.calls.push('close device');
    },
  } as unknown as LiveUpdateDevice;

  session(how: string, name: string): LiveUpdateSession {
    this.ask(`${how} ${name}`);
    return {
      preserveFd: (token: bigint) => this.ask(`preserve ${name}/${token}`),
      retrieveFd: (token: bigint) => {
        this.ask(`retrieve ${name}/${token}`);
        return memfdCreate('retrieved', { size: 4096 });
      },
      finish: () => this.ask(`finish ${name}`),
      close: () => this.calls.push(`close ${name}`),
    } as unknown as LiveUpdateSession;
  }

  private ask(call: string): void {
    this.calls.push(call);
    const errno = this.refusals.get(call);
    if (errno !== undefined) throw new LinuxError(errno, call, 'the stand-in');
  }
}

const fileOf = (workload: string, token: bigint, fd = memfdCreate('file')): HostFile => ({
  ...{ fd, token, workload, name: `file-${token}`, identity: '' },
});
const isOpen = (fd: number): boolean => {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
};
const failureOf = (action: () => unknown): SessionFailure => {
  try {
    action();
  } catch (error) {
    if (error instanceof SessionFailure) return error;
    throw error;
  }
  throw new Error('expected a SessionFailure');
};

let kernel: StandIn;
let sessions: KernelSessions;
let files: HostFile[];
beforeEach(() => {
  kernel = new StandIn();
  sessions = new KernelSessions();
  files = [fileOf('kv', 1n), fileOf('kv', 2n), fileOf('web', 1n)];
});
afterEach(() => {
  for (const { fd } of files) if (isOpen(fd)) closeDescriptor(fd);
});

const preserve = () =>
  sessions.preserveAll(
    kernel.device,
    new Map([
      ['kv', files.slice(0, 2)],
      ['web', files.slice(2)],
    ]),
  );

describe('preserve', () => {
  it('makes a session for each workload after the own one, and keeps the device', () => {
    const statuses = preserve();
    expect(kernel.calls).toEqual([
      'create luofleet',
      'create luofleet.kv',
      'preserve luofleet.kv/1',
      'preserve luofleet.kv/2',
      'create luofleet.web',
      'preserve luofleet.web/1',
    ]);
    expect(statuses.map(({ workload, state }) => [workload, state])).toEqual([
      ['kv', 'preserved'],
      ['web', 'preserved'],
    ]);
    expect(sessions.heldFor('kv')).toEqual(files.slice(0, 2));
    expect(sessions.isPreserved('web', 1n)).toBe(true);
    expect([sessions.hasOutgoing, kernel.isOpen]).toEqual([true, true]);
  });

  it('leaves neither session nor descriptor nor device behind when a file is refused', () => {
    kernel.refusals.set('preserve luofleet.kv/2', ENOENT);
    const { reason, sessions: left } = failureOf(preserve);
    expect(reason).toMatchObject({
      ...{ code: 'PRESERVE_FAILED', errnoCode: 'ENOENT' },
      subject: 'session luofleet.kv/file 0x2',
    });
    expect(left.map(({ state }) => state)).toEqual(['unpreserved']);
    expect(kernel.calls.slice(-3)).toEqual(['close luofleet.kv', 'close luofleet', 'close device']);
    expect(files.map(({ fd }) => isOpen(fd))).toEqual([false, false, false]);
    expect(sessions.hasOutgoing).toBe(false);
  });

  it('refuses what the kernel takes and this agent can not name the handler of', () => {
    files[2] = fileOf('web', 1n, openSync('/dev/null', 'r'));
    const { reason } = failureOf(preserve);
    expect(reason).toMatchObject({
      code: 'PRESERVE_FAILED',
      subject: 'session luofleet.web/file 0x1',
    });
    expect(reason.detail).toMatch(/file-1 is no memfd/);
    expect(files.map(({ fd }) => isOpen(fd))).toEqual([false, false, false]);
  });

  it('takes away the block that a refused name can leave behind', () => {
    kernel.refusals.set('create luofleet', 17);
    expect(failureOf(preserve).reason.errnoCode).toBe('EEXIST');
    expect(kernel.calls[1]).toMatch(/^create luofleet#\d+$/);
    expect(kernel.calls[2]).toBe(kernel.calls[1]?.replace('create', 'close'));
  });
});

describe('after the reboot', () => {
  let manifest: ReturnType<typeof preserve>;
  const retrieve = () =>
    sessions.adoptRetrieved(
      kernel.session('retrieve', 'luofleet'),
      retrieveSessions(handoverSource(null, kernel.device), manifest),
    );
  beforeEach(() => {
    manifest = preserve();
    sessions = new KernelSessions();
    kernel = new StandIn();
  });
  afterEach(() => {
    for (const name of ['kv', 'web']) {
      for (const { fd } of sessions.heldFor(name)) if (isOpen(fd)) closeDescriptor(fd);
    }
  });

  it('holds every file for its workload', () => {
    expect(retrieve().map(({ state }) => state)).toEqual(['retrieved', 'retrieved']);
    expect(sessions.heldFor('kv').map(({ token, name }) => [token, name])).toEqual([
      [1n, 'file-1'],
      [2n, 'file-2'],
    ]);
    expect(sessions.hasIncoming).toBe(true);
  });

  it('of a host without workloads has its own session to finish', () => {
    expect(sessions.adoptRetrieved(kernel.session('retrieve', 'luofleet'), [])).toEqual([]);
    expect([sessions.hasIncoming, sessions.hasOutgoing]).toEqual([true, false]);
    sessions.release();
    expect(kernel.calls).not.toContain('close luofleet');
    sessions.finishAll();
    expect(kernel.calls.slice(-2)).toEqual(['finish luofleet', 'close luofleet']);
    expect(sessions.hasIncoming).toBe(false);
  });

  it('loses the one file that is refused, and asks for it once', () => {
    kernel.refusals.set('retrieve luofleet.kv/1', ENOMEM);
    const [kv, web] = retrieve();
    expect(kv?.files.map(({ state, reason }) => [state, reason?.errnoCode])).toEqual([
      ['failed', 'ENOMEM'],
      ['retrieved', undefined],
    ]);
    expect([kv?.state, web?.state]).toEqual(['failed', 'retrieved']);
    expect(sessions.heldFor('kv').map(({ token }) => token)).toEqual([2n]);
    expect(kernel.calls.filter((call) => call === 'retrieve luofleet.kv/1')).toHaveLength(1);
  });

  it.each([
    [ENOENT, 'SESSIONS_GONE', []],
    [EINVAL, 'RETRIEVE_FAILED', ['luofleet.kv']],
  ])('loses a session that is refused with %i', (errno, code, orphans) => {
    kernel.refusals.set('retrieve luofleet.kv', errno);
    const [kv, web] = retrieve();
    expect(kv).toMatchObject({
      state: 'lost',
      files: [{ reason: { code } }, { reason: { code } }],
    });
    expect(web?.state).toBe('retrieved');
    expect([...sessions.orphans]).toEqual(orphans);
  });

  it('ends every session, its own last, and closes only what was finished', () => {
    retrieve();
    const fds = sessions.heldFor('kv').map(({ fd }) => fd);
    expect(sessions.finishAll().map(({ state }) => state)).toEqual(['finished', 'finished']);
    expect(kernel.calls.slice(-6)).toEqual([
      ...['finish luofleet.kv', 'close luofleet.kv', 'finish luofleet.web', 'close luofleet.web'],
      ...['finish luofleet', 'close luofleet'],
    ]);
    expect(fds.map(isOpen)).toEqual([false, false]);
    expect(sessions.hasIncoming).toBe(false);
  });

  it('keeps a session whose FINISH is refused, and finishes it when asked again', () => {
    retrieve();
    kernel.refusals.set('finish luofleet.web', EBUSY);
    const { reason, sessions: told } = failureOf(() => sessions.finishAll());
    expect(reason).toMatchObject({
      ...{ code: 'FINISH_VETOED', errnoCode: 'EBUSY', subject: 'session luofleet.web' },
    });
    expect(told.map(({ workload, state }) => [workload, state])).toEqual([
      ['kv', 'finished'],
      ['web', 'retrieved'],
    ]);
    expect(kernel.calls).not.toContain('close luofleet.web');
    expect(kernel.calls).not.toContain('finish luofleet');
    expect([...sessions.orphans]).toEqual(['luofleet.web']);
    expect(sessions.heldFor('web').map(({ fd }) => isOpen(fd))).toEqual([true]);

    kernel.refusals.clear();
    expect(sessions.finishAll().map(({ workload }) => workload)).toEqual(['web']);
    expect([...sessions.orphans]).toEqual([]);
    expect(kernel.calls.slice(-2)).toEqual(['finish luofleet', 'close luofleet']);
  });

  it('asks every session to finish, whichever refuses', () => {
    retrieve();
    kernel.refusals.set('finish luofleet.kv', EBUSY);
    const { sessions: told } = failureOf(() => sessions.finishAll());
    expect(told.map(({ workload, state }) => [workload, state])).toEqual([
      ['web', 'finished'],
      ['kv', 'retrieved'],
    ]);
    expect(kernel.calls).toContain('close luofleet.web');
  });
});

it('closes the manifest’s descriptor also when the kernel refuses it', () => {
  preserve();
  const free = () => {
    const fd = duplicate(0);
    closeDescriptor(fd);
    return fd;
  };
  const before = free();
  kernel.refusals.set('preserve luofleet/0', ENOMEM);
  const manifest = { key: 'k', fromRelease: '', imageSha256: '', sessions: [], leftBehind: [] };
  expect(() => sessions.preserveManifest({ ...manifest, frozenAtMs: 0, journal: '' })).toThrow(
    'ENOMEM',
  );
  expect(free()).toBe(before);
});
