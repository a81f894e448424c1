import { callRaw, call } from './libc';
import { loadKoffi } from './koffi-loader';
import { LinuxError } from './linux-error';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A shared mapping of a file. Reads and writes of `bytes` are reads and writes of the file. */
export interface MappedMemory {
  readonly bytes: Buffer;
  /** Ends the mapping. `bytes` must not be touched afterwards: that would be a segmentation fault. */
  unmap(): void;
}

/** Maps `sizeBytes` of a descriptor from its start, shared. EACCES, ENODEV, ENOMEM, EINVAL (size 0). */
export function mapShared(fd: number, sizeBytes: number, writable = true): MappedMemory {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const koffi = loadKoffi();
  const address = callRaw('mmap', null, sizeBytes, protection, MAP_SHARED, fd, 0);
  if (koffi.address(address) === MAP_FAILED) {
    throw new LinuxError(koffi.errno(), 'mmap', `fd ${fd}, ${sizeBytes} bytes`);
  }
  const about = { operation: 'munmap', subject: `fd ${fd}` };
  let mapped = true;
  return {
    bytes: Buffer.from(koffi.view(address, sizeBytes)),
    unmap() {
      if (!mapped) return;
      mapped = false;
      call(about, 'munmap', address, sizeBytes);
    },
  };
}
