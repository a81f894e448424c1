// The vocabulary of conformance scenarios. A scenario is data, so that one table runs against every system that claims
// to behave like the kernel.
import type { LiveUpdateRequest } from '../live-update/uapi';

/** A handle inside a scenario: the device, a session or a file, by the name that the scenario gave it. */
export type Ref = string;

/** Files a scenario can make. Sizes in bytes. */
export type FileKind =
  | { kind: 'memfd'; size: number; text?: string; sealable?: boolean; seals?: number }
  | { kind: 'huge-page-memfd' }
  /** A file in tmpfs with or without a name; only the nameless one is like a memfd. */
  | { kind: 'tmpfs'; linked: boolean; text: string }
  | { kind: 'null-device' | 'pipe' | 'socket' | 'directory' | 'path-only' };

export type FileProperty = 'size' | 'position' | 'seals' | 'close-on-exec';

/** The argument of a raw ioctl. */
export type RawArgument =
  | { kind: 'null' }
  | {
      kind: 'struct';
      of: LiveUpdateRequest;
      /** Session name as bytes; not ended with a NUL when it has 64. */
      name?: string;
      token?: bigint;
      file?: Ref | number;
      reserved?: number;
      /** What the size field says; the struct is as large as that, or as its real size when that is larger. */
      size?: number;
      /** Sets the last byte of a struct that is larger than the kernel knows. */
      tail?: boolean;
      /** The kernel can read the argument, but not write its answer. */
      readOnly?: boolean;
    };

export type Operation =
  | { do: 'open'; as: Ref }
  | { do: 'create'; on: Ref; as: Ref; name?: string }
  | { do: 'retrieve-session'; on: Ref; as: Ref; name?: string }
  | { do: 'preserve'; session: Ref; token: bigint; file: Ref | number }
  | { do: 'retrieve'; session: Ref; token: bigint; as: Ref }
  | { do: 'finish'; session: Ref }
  | { do: 'get-name'; session: Ref }
  | { do: 'close'; handle: Ref }
  | { do: 'duplicate'; handle: Ref; as: Ref }
  | { do: 'ioctl'; on: Ref; request: LiveUpdateRequest | number; argument: RawArgument; as?: Ref }
  | { do: 'make'; file: FileKind; as: Ref }
  | { do: 'reopen'; file: Ref; readOnly: boolean; as: Ref }
  | { do: 'read'; file: Ref; offset: number; bytes: number }
  | { do: 'write'; file: Ref; offset: number; text: string }
  | { do: 'truncate'; file: Ref; size: number }
  | { do: 'advance'; file: Ref; bytes: number }
  | { do: 'inspect'; file: Ref; property: FileProperty }
  | { do: 'same-file'; file: Ref; as: Ref }
  /** No descriptor can be opened (true) until it is lifted (false). */
  | { do: 'exhaust-descriptors'; on: boolean }
  /** Memory that this process is charged for is limited to 2 MiB more (true) until it is lifted (false). */
  | { do: 'limit-memory'; on: boolean }
  /** Reboot into the staged kernel, of which there is none: the system must refuse and go on. */
  | { do: 'reboot-unstaged' };

/** `ok`, an errno name, the value that the operation yields, or `no-handle` when an earlier step failed to give one. */
export type Outcome = string;

export interface Step {
  operation: Operation;
  expected: Outcome;
}

export interface Scenario {
  /** Kebab-case; also the prefix of its session names. */
  id: string;
  /** Behaviour numbers it rests on. */
  behaviours: readonly string[];
  /** One list of steps per boot; between two lists lies a live update. */
  boots: readonly (readonly Step[])[];
}
