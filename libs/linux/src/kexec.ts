import { closeDescriptor, openDescriptor } from './descriptors';
import { call, callRaw } from './libc';

const kexecFileLoadNumbers: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 320,
  arm64: 294,
};
const KEXEC_FILE_UNLOAD = 0x1;
const KEXEC_FILE_NO_INITRAMFS = 0x4;
const RB_KEXEC = 0x4558_4543;

function kexecFileLoadNumber(): number {
  const number = kexecFileLoadNumbers[process.arch];
  if (number === undefined) {
    throw new Error(`kexec_file_load has no known number on ${process.arch}`);
  }
  return number;
}

export interface KernelImage {
  /** Path of the kernel (bzImage, Image). */
  kernelPath: string;
  /** The whole command line of the next kernel, 2047 bytes at most on x86. */
  commandLine: string;
  initrdPath?: string;
}

/**
 * Stages the next kernel with kexec_file_load, the only load whose image carries the handover memory (behaviour S20).
 * Errors: ENOENT/EACCES from opening, EPERM, EBUSY (another load runs), ENOEXEC (no kernel), EINVAL (command line too
 * long), EADDRNOTAVAIL (does not fit the handover scratch area).
 */
export function stageKernel(image: KernelImage): void {
  const about = { operation: 'kexec_file_load', subject: image.kernelPath };
  const kernel = openDescriptor(image.kernelPath, 'r');
  try {
    const initrd = image.initrdPath === undefined ? -1 : openDescriptor(image.initrdPath, 'r');
    try {
      const flags = initrd === -1 ? KEXEC_FILE_NO_INITRAMFS : 0;
      const size = Buffer.byteLength(image.commandLine) + 1;
      const number = kexecFileLoadNumber();
      call(about, 'kexecFileLoad', number, kernel, initrd, size, image.commandLine, flags);
    } finally {
      if (initrd !== -1) closeDescriptor(initrd);
    }
  } finally {
    closeDescriptor(kernel);
  }
}

/** Drops the staged kernel; without one it does nothing. The undo of `stageKernel`. */
export function unstageKernel(): void {
  const about = { operation: 'kexec_file_load unload', subject: 'the staged kernel' };
  call(about, 'kexecFileLoad', kexecFileLoadNumber(), -1, -1, 0, null, KEXEC_FILE_UNLOAD);
}

/**
 * Reboots into the staged kernel; the kernel freezes all live update sessions on the way (behaviour S18).
 * Does not return when it works. LinuxError means nothing was lost and the system goes on: EINVAL no kernel staged,
 * EBUSY another kexec runs (both before any freeze, S17), else what the first refusing handler answered.
 */
export function rebootIntoStagedKernel(): never {
  const about = { operation: 'reboot LINUX_REBOOT_CMD_KEXEC', subject: 'the staged kernel' };
  call(about, 'reboot', RB_KEXEC | 0);
  throw new Error('reboot(KEXEC) returned without an errno');
}

/** Writes back all file systems; a kexec does not. */
export function syncFileSystems(): void {
  callRaw('sync');
}
