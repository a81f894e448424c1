// The real kernel as a LiveUpdateSystem, through this library. Handles are descriptors. Runs in a lab machine only: it
// needs the device, /tmp as tmpfs and a cgroup tree of its own.
import {
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  readSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import {
  closeDescriptor,
  createPipe,
  duplicate,
  getCloseOnExec,
  getFileOffset,
  getOpenFileLimit,
  identifyDescriptor,
  openDescriptor,
  setOpenFileLimit,
} from '../descriptors';
import { rebootIntoStagedKernel } from '../kexec';
import { LiveUpdateDevice, LiveUpdateSession, rawLiveUpdateIoctl } from '../live-update/device';
import {
  liveUpdateLayouts,
  liveUpdateRequests,
  readFd,
  SESSION_NAME_BYTES,
  sessionArgument,
  type LiveUpdateRequest,
} from '../live-update/uapi';
import { mapShared } from '../mapped-memory';
import { addSeals, getSeals, memfdCreate } from '../memfd';
import { createSocket } from '../sockets';
import type { LiveUpdateSystem, ResolvedArgument } from './live-update-system';
import type { FileKind, FileProperty } from './operation';

const O_PATH = 0o10000000;
const CGROUP_ROOT = '/sys/fs/cgroup';
const TIGHT_CGROUP = path.join(CGROUP_ROOT, 'tight');
const TIGHT_BYTES = 2 * 1024 * 1024;

const answersWithFd: ReadonlySet<LiveUpdateRequest | number> = new Set([
  'createSession',
  'retrieveSession',
  'retrieveFd',
] as const);

export class KernelSystem implements LiveUpdateSystem<number> {
  readonly #limit = getOpenFileLimit();

  open(): number {
    return LiveUpdateDevice.open().fd;
  }

  createSession(device: number, name: string): number {
    return this.#openSession(device, 'createSession', name);
  }

  retrieveSession(device: number, name: string): number {
    return this.#openSession(device, 'retrieveSession', name);
  }

  preserve(session: number, token: bigint, file: number): void {
    LiveUpdateSession.adopt(session).preserveFd(token, file);
  }

  retrieve(session: number, token: bigint): number {
    return LiveUpdateSession.adopt(session).retrieveFd(token);
  }

  finish(session: number): void {
    LiveUpdateSession.adopt(session).finish();
  }

  getName(session: number): string {
    return LiveUpdateSession.adopt(session).getName();
  }

  ioctl(
    on: number,
    request: LiveUpdateRequest | number,
    argument: ResolvedArgument<number>,
  ): number | undefined {
    const number = typeof request === 'number' ? request : liveUpdateRequests[request];
    if (argument.kind === 'null') {
      rawLiveUpdateIoctl(on, number, 0n);
      return undefined;
    }
    const bytes = structBytes(argument);
    if (argument.readOnly === true) {
      withReadOnlyCopy(bytes, (copy) => rawLiveUpdateIoctl(on, number, copy));
      return undefined;
    }
    rawLiveUpdateIoctl(on, number, bytes);
    return answersWithFd.has(request) ? readFd(bytes) : undefined;
  }

  close(handle: number): void {
    closeDescriptor(handle);
  }

  duplicate(handle: number): number {
    return duplicate(handle);
  }

  make(file: FileKind): number {
    switch (file.kind) {
      case 'memfd': {
        const fd = memfdCreate('conformance', {
          size: file.size,
          allowSealing: file.sealable === true,
        });
        if (file.text !== undefined && file.text !== '') this.write(fd, 0, file.text);
        if (file.seals !== undefined) addSeals(fd, file.seals);
        return fd;
      }
      case 'huge-page-memfd':
        return memfdCreate('conformance', { hugePages: true });
      case 'tmpfs':
        return makeTmpfsFile(file.text, file.linked);
      case 'null-device':
        return openDescriptor('/dev/null', 'r+');
      case 'pipe': {
        const { readFd: end, writeFd } = createPipe();
        closeDescriptor(writeFd);
        return end;
      }
      case 'socket':
        return createSocket('unix', 'stream');
      case 'directory':
        return openDescriptor('/tmp', 'r');
      case 'path-only':
        return openDescriptor('/tmp', O_PATH);
    }
  }

  reopen(file: number, readOnly: boolean): number {
    return openDescriptor(`/proc/self/fd/${file}`, readOnly ? 'r' : 'r+');
  }

  read(file: number, offset: number, bytes: number): string {
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, bytes, offset));
  }

  write(file: number, offset: number, text: string): void {
    writeSync(file, text, offset);
  }

  truncate(file: number, size: number): void {
    ftruncateSync(file, size);
  }

  advance(file: number, bytes: number): void {
    readSync(file, Buffer.alloc(bytes), 0, bytes, null);
  }

  inspect(handle: number, property: FileProperty): string | number | boolean {
    switch (property) {
      case 'size':
        return Number(identifyDescriptor(handle).sizeBytes);
      case 'position':
        return getFileOffset(handle);
      case 'seals':
        return getSeals(handle);
      case 'close-on-exec':
        return getCloseOnExec(handle);
    }
  }

  isSameFile(a: number, b: number): boolean {
    const [first, second] = [identifyDescriptor(a), identifyDescriptor(b)];
    return first.device === second.device && first.inode === second.inode;
  }

  exhaustDescriptors(on: boolean): void {
    setOpenFileLimit(on ? { soft: 0, hard: this.#limit.hard } : this.#limit);
  }

  /** This process is made unkillable first, so that a charge over the limit answers ENOMEM. */
  limitMemory(on: boolean): void {
    if (!existsSync(TIGHT_CGROUP)) {
      writeFileSync(path.join(CGROUP_ROOT, 'cgroup.subtree_control'), '+memory');
      mkdirSync(TIGHT_CGROUP);
      writeFileSync(path.join(TIGHT_CGROUP, 'memory.max'), String(TIGHT_BYTES));
      writeFileSync('/proc/self/oom_score_adj', '-1000');
    }
    const cgroup = on ? TIGHT_CGROUP : CGROUP_ROOT;
    writeFileSync(path.join(cgroup, 'cgroup.procs'), String(process.pid));
  }

  rebootUnstaged(): void {
    rebootIntoStagedKernel();
  }

  /** Through the device class; names that it does not pass on go to the kernel as they are. */
  #openSession(device: number, kind: 'createSession' | 'retrieveSession', name: string): number {
    if (Buffer.byteLength(name) < SESSION_NAME_BYTES && !name.includes('\0')) {
      return LiveUpdateDevice.adopt(device)[kind](name).fd;
    }
    const argument = sessionArgument(kind, name);
    rawLiveUpdateIoctl(device, liveUpdateRequests[kind], argument);
    return readFd(argument);
  }
}

function structBytes(argument: Extract<ResolvedArgument<number>, { kind: 'struct' }>): Buffer {
  const layout = liveUpdateLayouts[argument.of];
  const { name, token, file, reserved, size = layout.sizeBytes, tail = false } = argument;
  const bytes = Buffer.alloc(Math.max(size, layout.sizeBytes));
  bytes.writeUInt32LE(size, 0);
  if (name !== undefined && 'name' in layout) bytes.write(name, layout.name);
  if (token !== undefined && 'token' in layout) bytes.writeBigUInt64LE(token, layout.token);
  if (file !== undefined && 'fd' in layout) bytes.writeInt32LE(file, layout.fd);
  if (reserved !== undefined && 'reserved' in layout) {
    bytes.writeUInt32LE(reserved, layout.reserved);
  }
  if (tail) bytes[bytes.length - 1] = 1;
  return bytes;
}

function withReadOnlyCopy(bytes: Buffer, use: (copy: Buffer) => void): void {
  const memfd = memfdCreate('read-only argument', { size: 4096 });
  writeSync(memfd, bytes, 0, bytes.length, 0);
  const mapping = mapShared(memfd, 4096, false);
  try {
    use(mapping.bytes);
  } finally {
    mapping.unmap();
    closeDescriptor(memfd);
  }
}

function makeTmpfsFile(text: string, linked: boolean): number {
  const file = path.join(mkdtempSync('/tmp/conformance-'), 'file');
  const fd = openDescriptor(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
  writeSync(fd, text, 0);
  if (!linked) unlinkSync(file);
  return fd;
}
