// What a session before the reboot refuses, and malformed arguments.
import {
  create,
  duplicate,
  getName,
  gives,
  ioctl,
  make,
  memfd,
  nullAddress,
  preserve,
  reopen,
  scenario,
  struct,
  truncate,
} from '../steps';
import type { FileKind } from '../operation';

const TOO_MANY_PAGES = 2 ** 44 + 4096;
/** 512 GiB, all hole: the list of its pages alone is more than a lab machine has. */
const TOO_MUCH_MEMORY = 2 ** 39;

const refusing = [
  scenario(
    'preserve-token-twice',
    ['D4'],
    [
      create('s'),
      memfd('a'),
      memfd('b'),
      preserve('s', 1n, 'a'),
      gives('EEXIST', preserve('s', 1n, 'b')),
      gives('EEXIST', preserve('s', 1n, 'a')),
    ],
  ),
  scenario(
    'preserve-token-before-descriptor',
    ['D4'],
    [
      create('s'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('EEXIST', preserve('s', 1n, -1)),
      gives('EBADF', preserve('s', 2n, -1)),
    ],
  ),
  scenario(
    'preserve-same-file-twice',
    ['D3'],
    [
      create('s'),
      create('t'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('EBUSY', preserve('s', 2n, 'm')),
      gives('EBUSY', preserve('t', 1n, 'm')),
    ],
  ),
  scenario(
    'preserve-duplicate-descriptor',
    ['D3'],
    [
      create('s'),
      memfd('m'),
      duplicate('m', 'copy'),
      preserve('s', 1n, 'm'),
      gives('EBUSY', preserve('s', 2n, 'copy')),
    ],
  ),
  scenario(
    'preserve-reopened-file',
    ['D3'],
    [
      create('s'),
      memfd('m'),
      reopen('m', 'other'),
      preserve('s', 1n, 'm'),
      gives('EBUSY', preserve('s', 2n, 'other')),
    ],
  ),
  scenario(
    'preserve-bad-descriptor',
    ['D4'],
    [
      create('s'),
      gives('EBADF', preserve('s', 1n, 99_999)),
      gives('EBADF', preserve('s', 1n, -1)),
      gives('EBADF', preserve('s', 1n, -2_147_483_648)),
      memfd('m'),
      preserve('s', 1n, 'm'),
    ],
  ),
  ...(
    [
      ['null-device', { kind: 'null-device' }],
      ['pipe', { kind: 'pipe' }],
      ['socket', { kind: 'socket' }],
      ['directory', { kind: 'directory' }],
      ['huge-page-memfd', { kind: 'huge-page-memfd' }],
      ['named-tmpfs-file', { kind: 'tmpfs', linked: true, text: 'named' }],
    ] satisfies [string, FileKind][]
  ).map(([name, file]) =>
    scenario(
      `preserve-${name}`,
      ['D4', 'S22'],
      [
        create('s'),
        make('f', file),
        gives('ENOENT', preserve('s', 1n, 'f')),
        memfd('m'),
        preserve('s', 1n, 'm'),
      ],
    ),
  ),
  scenario(
    'preserve-path-only-descriptor',
    ['D4'],
    [create('s'), make('f', { kind: 'path-only' }), gives('EBADF', preserve('s', 1n, 'f'))],
  ),
  scenario(
    'preserve-live-update-descriptors',
    ['D4'],
    [
      create('s'),
      create('t'),
      gives('ENOENT', preserve('s', 1n, 's')),
      gives('ENOENT', preserve('s', 1n, 't')),
      gives('ENOENT', preserve('s', 1n, 'device')),
    ],
  ),
  scenario(
    'preserve-too-large',
    ['D12'],
    [
      create('s'),
      memfd('m', '', TOO_MANY_PAGES),
      gives('EFBIG', preserve('s', 1n, 'm')),
      truncate('m', 4096),
      preserve('s', 1n, 'm'),
    ],
  ),
  scenario(
    'preserve-no-memory',
    ['D4'],
    [
      create('s'),
      memfd('m', '', TOO_MUCH_MEMORY),
      gives('ENOMEM', preserve('s', 1n, 'm')),
      truncate('m', 4096),
      preserve('s', 1n, 'm'),
    ],
  ),
];

const structs = [
  scenario(
    'preserve-struct-sizes',
    ['S16'],
    [
      create('s'),
      memfd('m'),
      gives(
        'EINVAL',
        ioctl('s', 'preserveFd', struct('preserveFd', { token: 1n, file: 'm', size: 15 })),
      ),
      gives(
        'E2BIG',
        ioctl(
          's',
          'preserveFd',
          struct('preserveFd', { token: 1n, file: 'm', size: 24, tail: true }),
        ),
      ),
      ioctl('s', 'preserveFd', struct('preserveFd', { token: 1n, file: 'm', size: 24 })),
      gives('EEXIST', preserve('s', 1n, 'm')),
    ],
  ),
  scenario(
    'preserve-null-argument',
    ['S14'],
    [create('s'), gives('EFAULT', ioctl('s', 'preserveFd', nullAddress))],
  ),
  scenario(
    'preserve-answer-unwritable',
    ['S14'],
    [
      create('s'),
      memfd('m'),
      memfd('n'),
      gives(
        'EFAULT',
        ioctl('s', 'preserveFd', struct('preserveFd', { token: 1n, file: 'm', readOnly: true })),
      ),
      gives('EEXIST', preserve('s', 1n, 'n')),
      gives('EBUSY', preserve('s', 2n, 'm')),
    ],
  ),
  scenario(
    'session-numbers',
    ['S16'],
    [
      create('s'),
      gives('EINVAL', ioctl('s', 0xba44, nullAddress)),
      gives('EINVAL', ioctl('s', 0xba3f, nullAddress)),
      gives('EINVAL', ioctl('s', 'createSession', struct('createSession', { name: 'x' }))),
      gives('ENOTTY', ioctl('s', 0xbb43, struct('getName'))),
      gives('ENOTTY', ioctl('s', 0xc048_ba43, struct('getName'))),
      gives('EFAULT', ioctl('s', 0xbb43, nullAddress)),
    ],
  ),
  scenario(
    'get-name-struct',
    ['D9', 'S16'],
    [
      create('s'),
      gives('EINVAL', ioctl('s', 'getName', struct('getName', { reserved: 1 }))),
      gives('EINVAL', ioctl('s', 'getName', struct('getName', { size: 71 }))),
      gives('E2BIG', ioctl('s', 'getName', struct('getName', { size: 80, tail: true }))),
      gives('EFAULT', ioctl('s', 'getName', struct('getName', { readOnly: true }))),
      gives('EFAULT', ioctl('s', 'getName', nullAddress)),
      gives('get-name-struct/s', getName('s')),
    ],
  ),
];

export const refusalScenarios = [...refusing, ...structs];
