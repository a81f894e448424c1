// The device node, and the two ioctls on it.
import {
  close,
  create,
  duplicate,
  exhaustDescriptors,
  getName,
  gives,
  ioctl,
  memfd,
  nullAddress,
  open,
  preserve,
  retrieveSession,
  scenario,
  struct,
} from '../steps';

const WRONG_TYPE = 0xbb00;
/** Right type and number, but with direction and size bits: _IOWR(0xba, 0, 72 bytes). */
const WITH_DIRECTION = 0xc048_ba00;
const LONGEST = 'n'.repeat(63);

const opening = [
  scenario('device-reopens', ['S2'], [close('device'), open('device')]),
  scenario(
    'device-is-exclusive',
    ['S2'],
    [
      gives('EBUSY', open('second')),
      close('device'),
      open('second'),
      gives('EBUSY', open('third')),
    ],
  ),
  scenario(
    'device-held-by-a-duplicate',
    ['S2'],
    [
      duplicate('device', 'copy'),
      close('device'),
      gives('EBUSY', open('second')),
      close('copy'),
      open('second'),
    ],
  ),
  scenario(
    'device-close-keeps-sessions',
    ['S2'],
    [
      create('s'),
      close('device'),
      memfd('m'),
      preserve('s', 1n, 'm'),
      gives('device-close-keeps-sessions/s', getName('s')),
      open('device'),
      gives('EEXIST', create('again', 'device-close-keeps-sessions/s')),
    ],
  ),
];

const creating = [
  scenario('create-duplicate-name', ['S7'], [create('s'), gives('EEXIST', create('s'))]),
  scenario('create-distinct-names', ['S8'], [create('a'), create('b'), close('a'), close('b')]),
  scenario('create-empty-name', ['D10'], [gives('EINVAL', create('s', ''))]),
  scenario('create-unterminated-name', ['D10'], [gives('EINVAL', create('s', 'X'.repeat(64)))]),
  scenario('create-longest-name', ['S7'], [create('s', LONGEST), gives(LONGEST, getName('s'))]),
  scenario(
    'create-multibyte-name',
    ['S7'],
    [create('s', 'größe-ß'), gives('größe-ß', getName('s'))],
  ),
  scenario(
    'create-name-ends-at-nul',
    ['S7'],
    [
      create('s', 'cut-here\0rest'),
      gives('cut-here', getName('s')),
      gives('EEXIST', create('t', 'cut-here')),
    ],
  ),
  scenario(
    'create-name-free-after-close',
    ['S9'],
    [create('s'), close('s'), create('s'), gives('EEXIST', create('s'))],
  ),
  scenario(
    'create-without-descriptors',
    ['D10'],
    [
      exhaustDescriptors(true),
      gives('EMFILE', create('s')),
      gives('EMFILE', create('t', '')),
      exhaustDescriptors(false),
      create('s'),
    ],
  ),
  scenario(
    'create-more-than-one-block',
    ['D10'],
    [
      ...Array.from({ length: 60 }, (_, i) => create(`s${i}`)),
      ...Array.from({ length: 60 }, (_, i) => close(`s${i}`)),
      ...Array.from({ length: 52 }, (_, i) => create(`s${i}`)),
    ],
  ),
];

const createArguments = [
  scenario(
    'create-struct-one-byte-short',
    ['S16'],
    [
      gives(
        'EINVAL',
        ioctl('device', 'createSession', struct('createSession', { name: 'x', size: 71 })),
      ),
    ],
  ),
  scenario(
    'create-struct-size-zero',
    ['S16'],
    [
      gives(
        'EINVAL',
        ioctl('device', 'createSession', struct('createSession', { name: 'x', size: 0 })),
      ),
    ],
  ),
  scenario(
    'create-struct-larger-zero-tail',
    ['S16'],
    [
      ioctl('device', 'createSession', struct('createSession', { name: 'larger', size: 200 }), 's'),
      gives('larger', getName('s')),
    ],
  ),
  scenario(
    'create-struct-larger-set-tail',
    ['S16'],
    [
      gives(
        'E2BIG',
        ioctl(
          'device',
          'createSession',
          struct('createSession', { name: 'x', size: 80, tail: true }),
        ),
      ),
      create('s', 'x'),
    ],
  ),
  scenario(
    'create-null-argument',
    ['S14'],
    [gives('EFAULT', ioctl('device', 'createSession', nullAddress))],
  ),
  scenario(
    'create-answer-unwritable',
    ['S14'],
    [
      gives(
        'EFAULT',
        ioctl(
          'device',
          'createSession',
          struct('createSession', { name: 'unwritable', readOnly: true }),
        ),
      ),
      create('s', 'unwritable'),
    ],
  ),
];

const numbers = [
  scenario(
    'device-unknown-number',
    ['S16'],
    [
      gives('EINVAL', ioctl('device', 0xba02, struct('createSession', { name: 'x' }))),
      gives('EINVAL', ioctl('device', 0xbaff, nullAddress)),
    ],
  ),
  scenario(
    'device-session-number',
    ['S16'],
    [
      gives('EINVAL', ioctl('device', 'preserveFd', struct('preserveFd', { token: 1n, file: 0 }))),
      gives('EINVAL', ioctl('device', 'getName', struct('getName'))),
    ],
  ),
  scenario(
    'device-wrong-type',
    ['S16'],
    [
      gives('ENOTTY', ioctl('device', WRONG_TYPE, struct('createSession', { name: 'x' }))),
      gives('EFAULT', ioctl('device', WRONG_TYPE, nullAddress)),
    ],
  ),
  scenario(
    'device-direction-bits',
    ['S16'],
    [gives('ENOTTY', ioctl('device', WITH_DIRECTION, struct('createSession', { name: 'x' })))],
  ),
];

const retrievingNothing = [
  scenario(
    'retrieve-session-unknown',
    ['S6'],
    [gives('ENOENT', retrieveSession('s', 'never made'))],
  ),
  scenario(
    'retrieve-session-outgoing',
    ['S7'],
    [create('s'), gives('ENOENT', retrieveSession('s'))],
  ),
  scenario('retrieve-session-empty-name', ['S10'], [gives('ENOENT', retrieveSession('s', ''))]),
  scenario(
    'retrieve-session-unterminated',
    ['S10'],
    [gives('ENOENT', retrieveSession('s', 'X'.repeat(64)))],
  ),
  scenario(
    'retrieve-session-without-descriptors',
    ['S10'],
    [
      exhaustDescriptors(true),
      gives('EMFILE', retrieveSession('s', 'never made')),
      exhaustDescriptors(false),
      gives('ENOENT', retrieveSession('s', 'never made')),
    ],
  ),
  scenario(
    'retrieve-session-struct-sizes',
    ['S16'],
    [
      gives(
        'EINVAL',
        ioctl('device', 'retrieveSession', struct('retrieveSession', { name: 'x', size: 71 })),
      ),
      gives(
        'E2BIG',
        ioctl(
          'device',
          'retrieveSession',
          struct('retrieveSession', { name: 'x', size: 73, tail: true }),
        ),
      ),
      gives(
        'ENOENT',
        ioctl('device', 'retrieveSession', struct('retrieveSession', { name: 'x', size: 73 })),
      ),
      gives('EFAULT', ioctl('device', 'retrieveSession', nullAddress)),
    ],
  ),
];

export const deviceScenarios = [
  ...opening,
  ...creating,
  ...createArguments,
  ...numbers,
  ...retrievingNothing,
];
