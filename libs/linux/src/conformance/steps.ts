// Short ways to write steps. Each expects `ok` unless `gives` says otherwise.
import type { LiveUpdateRequest } from '../live-update/uapi';
import type {
  FileKind,
  FileProperty,
  Operation,
  RawArgument,
  Ref,
  Scenario,
  Step,
} from './operation';

const step = (operation: Operation): Step => ({ operation, expected: 'ok' });

/** The same step with another expected outcome: an errno name or a value. */
export const gives = (expected: string | number | boolean, of: Step): Step => ({
  operation: of.operation,
  expected: String(expected),
});

export const open = (as: Ref = 'device'): Step => step({ do: 'open', as });
/** Session names are made unique by the scenario's id unless given. */
export const create = (as: Ref, name?: string): Step =>
  step({ do: 'create', on: 'device', as, name });
export const retrieveSession = (as: Ref, name?: string): Step =>
  step({ do: 'retrieve-session', on: 'device', as, name });
export const preserve = (session: Ref, token: bigint, file: Ref | number): Step =>
  step({ do: 'preserve', session, token, file });
export const retrieve = (session: Ref, token: bigint, as: Ref): Step =>
  step({ do: 'retrieve', session, token, as });
export const finish = (session: Ref): Step => step({ do: 'finish', session });
export const getName = (session: Ref): Step => step({ do: 'get-name', session });
export const close = (handle: Ref): Step => step({ do: 'close', handle });
export const duplicate = (handle: Ref, as: Ref): Step => step({ do: 'duplicate', handle, as });
export const ioctl = (
  on: Ref,
  request: LiveUpdateRequest | number,
  argument: RawArgument,
  as?: Ref,
): Step => step({ do: 'ioctl', on, request, argument, as });

export const make = (as: Ref, file: FileKind): Step => step({ do: 'make', file, as });
export const memfd = (as: Ref, text = as, size = 4096): Step =>
  make(as, { kind: 'memfd', size, text });
export const reopen = (file: Ref, as: Ref, readOnly = false): Step =>
  step({ do: 'reopen', file, as, readOnly });
export const reads = (file: Ref, text: string, offset = 0): Step => ({
  operation: { do: 'read', file, offset, bytes: Buffer.byteLength(text) },
  expected: text,
});
export const write = (file: Ref, text: string, offset = 0): Step =>
  step({ do: 'write', file, offset, text });
export const truncate = (file: Ref, size: number): Step => step({ do: 'truncate', file, size });
export const advance = (file: Ref, bytes: number): Step => step({ do: 'advance', file, bytes });
export const shows = (
  file: Ref,
  property: FileProperty,
  expected: string | number | boolean,
): Step => gives(expected, step({ do: 'inspect', file, property }));
export const sameFile = (file: Ref, as: Ref, expected: boolean): Step =>
  gives(expected, step({ do: 'same-file', file, as }));
export const exhaustDescriptors = (on: boolean): Step => step({ do: 'exhaust-descriptors', on });
export const limitMemory = (on: boolean): Step => step({ do: 'limit-memory', on });
export const rebootUnstaged = (): Step => gives('EINVAL', step({ do: 'reboot-unstaged' }));

/** A raw struct argument. */
export const struct = (
  of: LiveUpdateRequest,
  fields: Omit<Extract<RawArgument, { kind: 'struct' }>, 'kind' | 'of'> = {},
): RawArgument => ({ kind: 'struct', of, ...fields });
export const nullAddress: RawArgument = { kind: 'null' };

/** A scenario; the device is opened first in each boot, and left handles are closed at the end of the last. */
export const scenario = (
  id: string,
  behaviours: readonly string[],
  ...boots: readonly (readonly Step[])[]
): Scenario => ({ id, behaviours, boots: boots.map((steps) => [open(), ...steps]) });

/** One session `s` with memfd `m` (its name is its content) under token 1: what most scenarios start from. */
export const oneFile: readonly Step[] = [create('s'), memfd('m'), preserve('s', 1n, 'm')];
