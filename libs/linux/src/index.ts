// The few Linux system calls Luofleet needs, as typed functions over the C library. The only user of FFI.
//
// Happy path: call a function, get its value. The first call loads koffi and binds libc.
// Unhappy paths: a call that answers with an errno throws LinuxError {code, errno, operation, subject}; a machine where
// the FFI library can not be loaded throws an AggregateError that says where it was looked for (koffi-loader.ts).
// Ordering: none between functions; `execve` and the reboots do not return when they work.
// Descriptors made here are close-on-exec unless said otherwise.
export { koffiNativeFile } from './koffi-loader';
export { errnoName, isLinuxError, LinuxError } from './linux-error';
export { addSeals, getSeals, memfdCreate, seals, type MemfdOptions } from './memfd';
export {
  closeDescriptor,
  closeOnExecFrom,
  createPipe,
  duplicate,
  getCloseOnExec,
  getFileOffset,
  getOpenFileLimit,
  getStatusFlags,
  identifyDescriptor,
  openDescriptor,
  setCloseOnExec,
  setNonBlocking,
  setOpenFileLimit,
  type DescriptorIdentity,
  type DescriptorKind,
  type OpenFileLimit,
  type Pipe,
} from './descriptors';
export { lockFile, lockForExecve } from './file-lock';
export {
  endedChild,
  execve,
  kill,
  pidfdGetfd,
  pidfdOpen,
  pidfdSendSignal,
  reapChild,
  defaultSignal,
  setAlarm,
  setChildSubreaper,
  type ChildExit,
  type ExecveRequest,
} from './processes';
export {
  createSocket,
  getPeerCredentials,
  identifySocket,
  type PeerCredentials,
  type SocketDomain,
  type SocketIdentity,
  type SocketType,
} from './sockets';
export { mapShared, type MappedMemory } from './mapped-memory';
export {
  rebootIntoStagedKernel,
  stageKernel,
  syncFileSystems,
  unstageKernel,
  type KernelImage,
} from './kexec';
export {
  LIVE_UPDATE_DEVICE,
  LiveUpdateDevice,
  LiveUpdateSession,
  rawLiveUpdateIoctl,
} from './live-update/device';
export {
  emptyArgument,
  fileArgument,
  liveUpdateLayouts,
  liveUpdateRequests,
  readFd,
  readName,
  SESSION_NAME_BYTES,
  sessionArgument,
  type LiveUpdateRequest,
} from './live-update/uapi';
