// Sessions before the reboot: preserving, what it does to files, and releasing.
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
  preserve,
  reads,
  rebootUnstaged,
  reopen,
  retrieve,
  scenario,
  shows,
  truncate,
  write,
} from '../steps';

const MAX_TOKEN = 2n ** 64n - 1n;

const preserving = [
  scenario(
    'preserve-and-release',
    ['S9', 'B22'],
    [
      create('s'),
      memfd('m', 'hello'),
      preserve('s', 0x1234n, 'm'),
      close('s'),
      reads('m', 'hello'),
      truncate('m', 1),
    ],
  ),
  scenario(
    'preserve-extreme-tokens',
    ['B5'],
    [
      create('s'),
      memfd('a'),
      memfd('b'),
      preserve('s', 0n, 'a'),
      preserve('s', MAX_TOKEN, 'b'),
      gives('EEXIST', preserve('s', 0n, 'b')),
      gives('EEXIST', preserve('s', MAX_TOKEN, 'a')),
    ],
  ),
  scenario(
    'preserve-token-per-session',
    ['B5'],
    [
      create('s'),
      create('t'),
      memfd('a'),
      memfd('b'),
      preserve('s', 7n, 'a'),
      preserve('t', 7n, 'b'),
    ],
  ),
  scenario(
    'preserve-empty-memfd',
    ['S22'],
    [create('s'), memfd('m', '', 0), preserve('s', 1n, 'm')],
  ),
  scenario(
    'preserve-more-than-one-block',
    ['D1'],
    [
      create('s'),
      ...Array.from({ length: 70 }, (_, i) => [
        memfd(`m${i}`),
        preserve('s', BigInt(i), `m${i}`),
      ]).flat(),
      gives('EEXIST', preserve('s', 69n, 'm0')),
      gives('EBUSY', preserve('s', 70n, 'm63')),
    ],
  ),
  scenario(
    'preserve-keeps-closed-files',
    ['B19'],
    [
      create('s'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      close('m'),
      memfd('other'),
      gives('EEXIST', preserve('s', 1n, 'other')),
    ],
  ),
  scenario(
    'preserve-read-only-descriptor',
    ['S22'],
    [create('s'), memfd('m'), reopen('m', 'reader', true), preserve('s', 1n, 'reader')],
  ),
  scenario(
    'preserve-sealed-memfd',
    ['D12'],
    [
      create('s'),
      make('m', {
        kind: 'memfd',
        size: 4096,
        text: 'sealed',
        sealable: true,
        seals: seals.grow | seals.seal,
      }),
      preserve('s', 1n, 'm'),
      shows('m', 'seals', seals.grow | seals.seal),
    ],
  ),
  scenario(
    'preserve-nameless-tmpfs-file',
    ['S22'],
    [
      create('s'),
      make('f', { kind: 'tmpfs', linked: false, text: 'nameless' }),
      preserve('s', 1n, 'f'),
    ],
  ),
];

const effects = [
  scenario(
    'preserve-fixes-the-size',
    ['S22'],
    [
      create('s'),
      memfd('m', 'content'),
      preserve('s', 1n, 'm'),
      gives('EPERM', truncate('m', 8192)),
      gives('EPERM', truncate('m', 100)),
      gives('EPERM', write('m', 'x', 8192)),
      write('m', 'CONTENT'),
      reads('m', 'CONTENT'),
      shows('m', 'size', 4096),
      close('s'),
      truncate('m', 8192),
      shows('m', 'size', 8192),
    ],
  ),
  scenario(
    'preserve-leaves-the-position',
    ['S22'],
    [
      create('s'),
      memfd('m', 'positions'),
      advance('m', 3),
      preserve('s', 1n, 'm'),
      shows('m', 'position', 3),
      advance('m', 2),
      shows('m', 'position', 5),
    ],
  ),
  scenario(
    'release-frees-the-file',
    ['S9', 'D3'],
    [
      create('s'),
      create('t'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('EBUSY', preserve('t', 1n, 'm')),
      close('s'),
      preserve('t', 1n, 'm'),
    ],
  ),
  scenario(
    'release-waits-for-the-last-descriptor',
    ['S9'],
    [
      create('s'),
      duplicate('s', 'copy'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      close('s'),
      gives('EBUSY', preserve('copy', 2n, 'm')),
      close('copy'),
      create('s'),
      preserve('s', 1n, 'm'),
    ],
  ),
];

const wrongSide = [
  scenario(
    'outgoing-retrieve',
    ['D10'],
    [
      create('s'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('EINVAL', retrieve('s', 1n, 'r')),
      gives('EINVAL', retrieve('s', 2n, 'r')),
    ],
  ),
  scenario(
    'outgoing-finish',
    ['D10'],
    [
      create('s'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('EINVAL', finish('s')),
      gives('EBUSY', preserve('s', 2n, 'm')),
    ],
  ),
  scenario(
    'reboot-without-kernel',
    ['S17'],
    [
      create('s'),
      memfd('m', 'steady'),
      preserve('s', 1n, 'm'),
      rebootUnstaged(),
      gives('EBUSY', preserve('s', 2n, 'm')),
      memfd('n'),
      preserve('s', 2n, 'n'),
      gives('reboot-without-kernel/s', getName('s')),
      close('s'),
      reads('m', 'steady'),
      truncate('m', 1),
    ],
  ),
];

export const outgoingScenarios = [...preserving, ...effects, ...wrongSide];
