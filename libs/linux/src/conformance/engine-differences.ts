// Where the engine's answers differ from the kernel's, each with its reason. Everything else must be equal.
import type { Outcome } from './operation';

/** Which outcomes differ (`boot.step`, counted from 0), or why a scenario has no counterpart in the engine. */
export type EngineDifference =
  { reason: string; outcomes: Readonly<Record<string, Outcome>> } | { outside: string };

const BYTES =
  'the engine takes arguments as values; there is no struct, size or address to get wrong';
const DESCRIPTORS =
  'the engine hands out objects; descriptors, their limits and flags are the caller’s';

const outside = (reason: string, ids: readonly string[]): [string, EngineDifference][] =>
  ids.map((id) => [id, { outside: reason }]);

export const engineDifferences: ReadonlyMap<string, EngineDifference> = new Map<
  string,
  EngineDifference
>([
  ...outside(BYTES, [
    'create-struct-one-byte-short',
    'create-struct-size-zero',
    'create-struct-larger-zero-tail',
    'create-struct-larger-set-tail',
    'create-null-argument',
    'create-answer-unwritable',
    'device-unknown-number',
    'device-session-number',
    'device-wrong-type',
    'device-direction-bits',
    'retrieve-session-struct-sizes',
    'preserve-struct-sizes',
    'preserve-null-argument',
    'preserve-answer-unwritable',
    'session-numbers',
    'get-name-struct',
    'retrieve-struct-sizes',
    'retrieve-session-answer-unwritable',
    'finish-struct',
    'finish-answer-unwritable',
  ]),
  ...outside(DESCRIPTORS, [
    'create-without-descriptors',
    'retrieve-session-without-descriptors',
    'retrieve-without-descriptors',
    'kexec-descriptor-flags',
  ]),
  [
    'create-name-ends-at-nul',
    {
      reason: 'a name with a NUL inside is refused, where the kernel silently cuts it',
      outcomes: { '0.1': 'EINVAL', '0.2': 'no-handle', '0.3': 'ok' },
    },
  ],
]);
