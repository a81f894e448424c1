import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  execve,
  getCloseOnExec,
  getPeerCredentials,
  isLinuxError,
  kill,
  memfdCreate,
  pidfdGetfd,
  pidfdOpen,
  pidfdSendSignal,
  reapChild,
} from './index';

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (isLinuxError(error)) return error.code;
    throw error;
  }
  return 'no error';
};

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('error', reject);
  });
const exited = (child: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));

describe('pidfds', () => {
  it('takes a descriptor out of another process and signals exactly that process', async () => {
    const child = spawn('sh', ['-c', 'exec 9</etc/hostname; echo ready; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const end = exited(child);
    expect(await firstLine(child)).toBe('ready');
    const pidfd = pidfdOpen(child.pid ?? -1);
    const taken = pidfdGetfd(pidfd, 9);
    expect(getCloseOnExec(taken)).toBe(true);
    expect(readSync(taken, Buffer.alloc(64), 0, 64, 0)).toBeGreaterThan(0);
    expect(codeOf(() => pidfdGetfd(pidfd, 77))).toBe('EBADF');
    pidfdSendSignal(pidfd, 0);
    pidfdSendSignal(pidfd, 'SIGTERM');
    expect(await end).toBe('SIGTERM');
    expect(codeOf(() => pidfdSendSignal(pidfd, 0))).toBe('ESRCH');
    closeSync(taken);
    closeSync(pidfd);
  });

  it('answers ESRCH and ECHILD for processes that are not there', () => {
    const gone = spawnSync('true').pid;
    expect(codeOf(() => pidfdOpen(gone))).toBe('ESRCH');
    expect(codeOf(() => kill(gone, 0))).toBe('ESRCH');
    expect(codeOf(() => reapChild(gone))).toBe('ECHILD');
  });
});

describe('execve', () => {
  it('leaves every descriptor close-on-exec when the image is not there, named or not', () => {
    const fd = memfdCreate('kept');
    const leaked = memfdCreate('leaked', { closeOnExec: false });
    const request = { path: '/nonexistent/program', argv: ['x'], env: {}, keepFds: [fd] };
    expect(codeOf(() => execve(request))).toBe('ENOENT');
    expect([fd, leaked].map(getCloseOnExec)).toEqual([true, true]);
    closeSync(fd);
    closeSync(leaked);
  });
});

describe('peer credentials', () => {
  it('names the process behind a Unix socket', async () => {
    const socketPath = path.join(mkdtempSync(path.join(tmpdir(), 'luofleet-linux-')), 's');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const accepted = new Promise<number>((resolve) =>
      server.once('connection', (socket) => {
        resolve((socket as unknown as { _handle: { fd: number } })._handle.fd);
      }),
    );
    const client = connect(socketPath);
    const credentials = getPeerCredentials(await accepted);
    expect(credentials).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
