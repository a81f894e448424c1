// The kernel's live update interface as numbers and bytes (behaviours, section 3.3). Every argument is a struct whose
// first field is its own size; a kernel accepts larger ones as long as the rest is zero (S16). Little-endian only, like
// every architecture that has the interface.

/** ioctl type and numbers; all are plain _IO without size or direction bits. */
const TYPE = 0xba;
const request = (number: number): number => (TYPE << 8) | number;

export const liveUpdateRequests = {
  createSession: request(0x00),
  retrieveSession: request(0x01),
  preserveFd: request(0x40),
  retrieveFd: request(0x41),
  finish: request(0x42),
  getName: request(0x43),
} as const;

export type LiveUpdateRequest = keyof typeof liveUpdateRequests;

/** Bytes of a session name field, the terminating NUL included (S7). */
export const SESSION_NAME_BYTES = 64;

/** Size of each request's struct in bytes and where its fields lie. */
export const liveUpdateLayouts = {
  createSession: { sizeBytes: 72, fd: 4, name: 8 },
  retrieveSession: { sizeBytes: 72, fd: 4, name: 8 },
  preserveFd: { sizeBytes: 16, fd: 4, token: 8 },
  retrieveFd: { sizeBytes: 16, fd: 4, token: 8 },
  finish: { sizeBytes: 8, reserved: 4 },
  getName: { sizeBytes: 72, reserved: 4, name: 8 },
} as const;

const sized = (name: LiveUpdateRequest): Buffer => {
  const argument = Buffer.alloc(liveUpdateLayouts[name].sizeBytes);
  argument.writeUInt32LE(argument.length, 0);
  return argument;
};

/** Argument of CREATE_SESSION and RETRIEVE_SESSION. `name` may be at most 64 bytes; the kernel refuses the 64th. */
export function sessionArgument(
  kind: 'createSession' | 'retrieveSession',
  name: Buffer | string,
): Buffer {
  const argument = sized(kind);
  const layout = liveUpdateLayouts[kind];
  argument.writeInt32LE(-1, layout.fd);
  Buffer.from(name as string).copy(argument, layout.name);
  return argument;
}

/** Argument of PRESERVE_FD (`fd` in) and RETRIEVE_FD (`fd` out). */
export function fileArgument(kind: 'preserveFd' | 'retrieveFd', token: bigint, fd = -1): Buffer {
  const argument = sized(kind);
  const layout = liveUpdateLayouts[kind];
  argument.writeInt32LE(fd, layout.fd);
  argument.writeBigUInt64LE(token, layout.token);
  return argument;
}

/** Argument of FINISH and GET_NAME, whose reserved field must be zero. */
export const emptyArgument = (kind: 'finish' | 'getName'): Buffer => sized(kind);

/** The descriptor that the kernel wrote into an argument. */
export const readFd = (argument: Buffer): number => argument.readInt32LE(4);

/** The name that GET_NAME wrote into its argument. */
export function readName(argument: Buffer): string {
  const { name } = liveUpdateLayouts.getName;
  const field = argument.subarray(name, name + SESSION_NAME_BYTES);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? field.length : end);
}
