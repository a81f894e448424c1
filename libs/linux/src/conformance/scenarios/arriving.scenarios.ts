// What arrives in the next kernel: sessions, tokens, and the state of files.
import { seals } from '../../memfd';
import {
  advance,
  close,
  create,
  duplicate,
  finish,
  getName,
  gives,
  make,
  memfd,
  oneFile,
  preserve,
  reads,
  rebootUnstaged,
  reopen,
  retrieve,
  retrieveSession,
  scenario,
  shows,
  truncate,
  write,
} from '../steps';
import type { Step } from '../operation';

const MAX_TOKEN = 2n ** 64n - 1n;
const LONGEST = 'i'.repeat(63);
const PAGE = 4096;

const many = (count: number, step: (i: number) => readonly Step[]): Step[] =>
  Array.from({ length: count }, (_, i) => step(i)).flat();

const arriving = [
  scenario('kexec-one-file', ['B38', 'B45'], oneFile, [
    retrieveSession('s'),
    retrieve('s', 1n, 'r'),
    reads('r', 'm'),
    shows('r', 'size', PAGE),
    finish('s'),
    reads('r', 'm'),
    close('s'),
    reads('r', 'm'),
  ]),
  scenario(
    'kexec-more-than-one-block',
    ['D1', 'B33'],
    [
      create('s'),
      ...many(130, (i) => [memfd(`m${i}`), preserve('s', BigInt(i), `m${i}`), close(`m${i}`)]),
    ],
    [
      retrieveSession('s'),
      ...many(130, (i) => [
        retrieve('s', BigInt(i), `r${i}`),
        reads(`r${i}`, `m${i}`),
        close(`r${i}`),
      ]),
      finish('s'),
    ],
  ),
  scenario(
    'kexec-several-sessions',
    ['S8', 'S18'],
    [
      create('empty'),
      create('one'),
      create('two'),
      memfd('a'),
      memfd('b'),
      memfd('c'),
      preserve('one', 1n, 'a'),
      preserve('two', 1n, 'b'),
      preserve('two', 2n, 'c'),
    ],
    [
      retrieveSession('two'),
      retrieveSession('empty'),
      retrieveSession('one'),
      retrieve('two', 2n, 'rc'),
      retrieve('one', 1n, 'ra'),
      retrieve('two', 1n, 'rb'),
      reads('ra', 'a'),
      reads('rb', 'b'),
      reads('rc', 'c'),
      gives('ENOENT', retrieve('empty', 1n, 'none')),
      finish('empty'),
      finish('one'),
      finish('two'),
    ],
  ),
  scenario(
    'kexec-more-sessions-than-one-block',
    ['D10'],
    many(55, (i) => [create(`s${i}`)]),
    many(55, (i) => [retrieveSession(`s${i}`), finish(`s${i}`), close(`s${i}`)]),
  ),
  scenario(
    'kexec-longest-name',
    ['S7'],
    [create('s', LONGEST)],
    [retrieveSession('s', LONGEST), gives(LONGEST, getName('s'))],
  ),
  scenario(
    'kexec-multibyte-name',
    ['S7'],
    [create('s', 'überfahrt')],
    [retrieveSession('s', 'überfahrt'), gives('überfahrt', getName('s'))],
  ),
  scenario(
    'kexec-extreme-tokens',
    ['B5'],
    [create('s'), memfd('a'), memfd('b'), preserve('s', MAX_TOKEN, 'a'), preserve('s', 0n, 'b')],
    [
      retrieveSession('s'),
      retrieve('s', 0n, 'rb'),
      retrieve('s', MAX_TOKEN, 'ra'),
      reads('ra', 'a'),
      reads('rb', 'b'),
    ],
  ),
  scenario(
    'kexec-files-closed-before',
    ['B19'],
    [...oneFile, close('m')],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), reads('r', 'm')],
  ),
  scenario(
    'kexec-session-closed-before',
    ['S9'],
    [...oneFile, close('s')],
    [gives('ENOENT', retrieveSession('s'))],
  ),
  scenario(
    'kexec-session-held-by-a-duplicate',
    ['S9'],
    [...oneFile, duplicate('s', 'copy'), close('s')],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), reads('r', 'm')],
  ),
  scenario(
    'kexec-after-refused-reboot',
    ['S17', 'D5'],
    [...oneFile, rebootUnstaged(), rebootUnstaged()],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), reads('r', 'm')],
  ),
  scenario(
    'kexec-refused-file-is-absent',
    ['B18'],
    [
      ...oneFile,
      gives('EBADF', preserve('s', 2n, -1)),
      make('null', { kind: 'null-device' }),
      gives('ENOENT', preserve('s', 3n, 'null')),
    ],
    [
      retrieveSession('s'),
      gives('ENOENT', retrieve('s', 2n, 'r2')),
      gives('ENOENT', retrieve('s', 3n, 'r3')),
      retrieve('s', 1n, 'r'),
      reads('r', 'm'),
    ],
  ),
];

const fileState = [
  scenario(
    'kexec-content-written-after-preserve',
    ['S22'],
    [...oneFile, write('m', 'late words', 100)],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), reads('r', 'late words', 100)],
  ),
  scenario(
    'kexec-position-of-the-freeze',
    ['S22', 'B24'],
    [...oneFile, advance('m', 17)],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), shows('r', 'position', 17)],
  ),
  scenario(
    'kexec-holes-and-odd-size',
    ['S22'],
    [
      create('s'),
      memfd('m', '', 3 * PAGE + 5),
      write('m', 'end', 3 * PAGE),
      preserve('s', 1n, 'm'),
    ],
    [
      retrieveSession('s'),
      retrieve('s', 1n, 'r'),
      shows('r', 'size', 3 * PAGE + 5),
      reads('r', '\0\0\0\0', PAGE),
      reads('r', 'end\0\0', 3 * PAGE),
    ],
  ),
  scenario(
    'kexec-empty-memfd',
    ['S22'],
    [create('s'), memfd('m', '', 0), preserve('s', 1n, 'm')],
    [
      retrieveSession('s'),
      retrieve('s', 1n, 'r'),
      shows('r', 'size', 0),
      write('r', 'grows again'),
      reads('r', 'grows again'),
    ],
  ),
  scenario(
    'kexec-seals',
    ['D12'],
    [
      create('s'),
      make('m', { kind: 'memfd', size: PAGE, text: 'sealed', sealable: true, seals: seals.grow }),
      preserve('s', 1n, 'm'),
    ],
    [
      retrieveSession('s'),
      retrieve('s', 1n, 'r'),
      shows('r', 'seals', seals.grow),
      gives('EPERM', truncate('r', 2 * PAGE)),
      truncate('r', 10),
    ],
  ),
  scenario(
    'kexec-descriptor-flags',
    ['S22'],
    [...oneFile],
    [
      retrieveSession('s'),
      shows('s', 'close-on-exec', true),
      retrieve('s', 1n, 'r'),
      shows('r', 'close-on-exec', true),
      truncate('r', 2 * PAGE),
      shows('r', 'size', 2 * PAGE),
    ],
  ),
  scenario(
    'kexec-read-only-descriptor',
    ['S22'],
    [create('s'), memfd('m', 'read me'), reopen('m', 'reader', true), preserve('s', 1n, 'reader')],
    [
      retrieveSession('s'),
      retrieve('s', 1n, 'r'),
      reads('r', 'read me'),
      write('r', 'now writable'),
    ],
  ),
  scenario(
    'kexec-nameless-tmpfs-file',
    ['S22'],
    [
      create('s'),
      make('f', { kind: 'tmpfs', linked: false, text: 'nameless' }),
      preserve('s', 1n, 'f'),
    ],
    [retrieveSession('s'), retrieve('s', 1n, 'r'), reads('r', 'nameless')],
  ),
];

export const arrivingScenarios = [...arriving, ...fileState];
