// Carries descriptors of workloads across execve, one handler per kind.
//
// Happy path: preserve takes a page of handover memory (its address is the data handle), freeze writes there which
// descriptor it is and where it stands, retrieve reads it and finds the very same open file under the same number.
// Unhappy paths: a number that is closed, or another file than the record says, is EBADF or ESTALE and never handed to a
// workload; an offset that moved while frozen is EBUSY, because somebody did not quiesce.
// The open file description itself survives execve, so offset, size and backlog need no restoring, only checking.
import { closeDescriptor, getFileOffset, type DescriptorIdentity } from '@luofleet/linux';
import {
  HandlerError,
  isErrnoName,
  type FileHandler,
  type FinishingFile,
  type HandoverMemory,
  type IncomingFile,
  type OutgoingFile,
} from '@luofleet/luo-engine';
import {
  compatibleOf,
  compatibles,
  identifyOpen,
  type Compatible,
  type HostFile,
} from './host-file';

/** What is written into handover memory for one descriptor, as JSON after its length (u32, little endian). */
interface DescriptorRecord {
  v: 1;
  fd: number;
  name: string;
  workload: string;
  token: string;
  device: string;
  inode: string;
  sizeBytes: string;
  /** Null for sockets. */
  offset: number | null;
}

export interface HandlerContext {
  memory: HandoverMemory;
  /** Errno with which freeze is to fail (fault injection). */
  freezeErrno(workload: string, token: bigint): string | undefined;
  /** Why this workload refuses finish; undefined when it does not. */
  finishVeto(workload: string): string | undefined;
}

/** Longest record: a name of 255 characters and numbers. One page whatever the page size. */
const RECORD_BYTES_MAX = 2_048;

export class DescriptorHandler implements FileHandler<HostFile> {
  constructor(
    readonly compatible: Compatible,
    private readonly context: HandlerContext,
  ) {}

  canPreserve({ fd }: HostFile): boolean {
    return compatibleOf(fd) === this.compatible;
  }

  /** Not asked of the descriptor: the engine needs it once more when the descriptor is closed already. */
  getId({ identity }: HostFile): string {
    return identity;
  }

  preserve(file: HostFile): bigint {
    const address = this.context.memory.allocatePreserve(RECORD_BYTES_MAX);
    try {
      this.write(address, file);
    } catch (error) {
      this.context.memory.unpreserveFree(address);
      throw error;
    }
    return BigInt(address);
  }

  unpreserve({ file, data }: OutgoingFile<HostFile>): void {
    this.context.memory.unpreserveFree(Number(data));
    closeDescriptor(file.fd);
  }

  freeze({ file, data }: OutgoingFile<HostFile>): void {
    const errno = this.context.freezeErrno(file.workload, file.token);
    if (errno !== undefined && isErrnoName(errno)) {
      throw new HandlerError(errno, 'freeze fails because a fault is configured for it');
    }
    this.write(Number(data), file);
  }

  retrieve({ data }: IncomingFile): HostFile {
    const record = readRecord(this.context.memory.restoredBytes(Number(data)));
    const { fd, name, workload } = record;
    const identity = identifyOpen(fd);
    if (identity === null) throw new HandlerError('EBADF', `descriptor ${fd} did not survive`);
    if (!isOf(record, identity))
      throw new HandlerError('ESTALE', `descriptor ${fd} is another file now`);
    if (record.offset !== null && getFileOffset(fd) !== record.offset) {
      throw new HandlerError('EBUSY', `somebody moved the offset of descriptor ${fd} while frozen`);
    }
    const { device, inode } = record;
    return { fd, name, workload, token: BigInt(record.token), identity: `${device}:${inode}` };
  }

  canFinish({ file }: FinishingFile<HostFile>): boolean {
    return file === null || this.context.finishVeto(file.workload) === undefined;
  }

  finish({ data }: FinishingFile<HostFile>): void {
    const { memory } = this.context;
    const record = readRecord(memory.restoredBytes(Number(data)));
    memory.restoreFree(Number(data));
    // A file that could not be retrieved may have lost its number to another one, which is not ours to close.
    const identity = identifyOpen(record.fd);
    if (identity !== null && isOf(record, identity)) closeDescriptor(record.fd);
  }

  private identify(fd: number) {
    const identity = identifyOpen(fd);
    if (identity === null) throw new HandlerError('EBADF', `descriptor ${fd} is not open`);
    return identity;
  }

  private write(address: number, file: HostFile): void {
    const { device, inode, sizeBytes } = this.identify(file.fd);
    const record: DescriptorRecord = {
      v: 1,
      fd: file.fd,
      name: file.name,
      workload: file.workload,
      token: String(file.token),
      device: String(device),
      inode: String(inode),
      sizeBytes: String(sizeBytes),
      offset: this.compatible === compatibles.tcpListener ? null : getFileOffset(file.fd),
    };
    const json = Buffer.from(JSON.stringify(record));
    if (json.length + 4 > RECORD_BYTES_MAX) {
      throw new HandlerError('E2BIG', `the record of ${file.name} has ${json.length} bytes`);
    }
    const page = Buffer.from(
      this.context.memory.preservedBytes(address).buffer,
      this.context.memory.preservedBytes(address).byteOffset,
      RECORD_BYTES_MAX,
    );
    page.writeUInt32LE(json.length, 0);
    json.copy(page, 4);
  }
}

const isOf = (record: DescriptorRecord, { device, inode }: DescriptorIdentity): boolean =>
  String(device) === record.device && String(inode) === record.inode;

function readRecord(bytes: Uint8Array): DescriptorRecord {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = page.readUInt32LE(0);
  if (length > RECORD_BYTES_MAX - 4)
    throw new HandlerError('EINVAL', `a record of ${length} bytes`);
  const record = JSON.parse(page.toString('utf8', 4, 4 + length)) as DescriptorRecord;
  if (record.v !== 1) throw new HandlerError('EPROTO', `a record of version ${String(record.v)}`);
  return record;
}

/** All handlers of the engine backend, in the order they are asked. */
export const descriptorHandlers = (context: HandlerContext): DescriptorHandler[] =>
  Object.values(compatibles).map((compatible) => new DescriptorHandler(compatible, context));
