/** The table of differences between the profiles, checked against the profiles and against the tests. */
import { SEED_PROFILE, UPSTREAM_PROFILE, type Profile } from '../src';
import { readLibraryFile, specFiles, storedDocument, table } from './documents';

interface Difference {
  readonly numbers: string;
  readonly seed: string;
  readonly upstream: string;
}

/** One row for every property of a profile: a new one does not compile without its row. */
const DIFFERENCES: Readonly<Record<Exclude<keyof Profile, 'name'>, Difference>> = {
  fileStorage: {
    numbers: 'B1, B2, D1',
    seed: 'one buffer, allocated with the first file after the file was looked at: ENOMEM follows EBADF',
    upstream:
      'a chain of one-page blocks, grown before the file is looked at: ENOSPC and ENOMEM precede EBADF',
  },
  filePages: {
    numbers: 'B2',
    seed: '2 pages: 128 files with 4 KiB pages, ENOSPC beyond',
    upstream: 'not used',
  },
  blocksMax: {
    numbers: 'D1, D10',
    seed: 'not used for files',
    upstream: '10,000 blocks: 630,000 files and 510,000 sessions with 4 KiB pages, ENOSPC beyond',
  },
  sessionsMax: {
    numbers: 'D10',
    seed: '744 sessions, ENOMEM beyond',
    upstream: 'bounded by blocks',
  },
  stickyRetrieve: {
    numbers: 'B41, D2',
    seed: 'after a failed retrieve the handler is asked again',
    upstream: 'the first error stands; canFinish and finish see its status',
  },
  preserveOnce: {
    numbers: 'B20, D3',
    seed: 'the same object may be preserved any number of times',
    upstream: 'once over all sessions, also while retrieved and not finished: EBUSY',
  },
  unfreezeClearsHandle: {
    numbers: 'B30, D5',
    seed: 'unfreeze sets the data handle to 0, so a failed reboot cannot be retried or undone',
    upstream: 'the handle is kept, a failed reboot can be retried',
  },
  quiescentRegistration: {
    numbers: 'B9, B12, B13, D8',
    seed: 'register and unregister are EBUSY while any session exists',
    upstream: 'handlers come and go at any time',
  },
  ownerPinnedBy: {
    numbers: 'B11, D8',
    seed: 'the owner is pinned by the registration; a dying one is EAGAIN at register',
    upstream: 'the owner is pinned by each file; a dying one is ENOENT at preserve and deserialise',
  },
  deserializeErrorsReachOpener: {
    numbers: 'B37, S4',
    seed: 'files that cannot be deserialised are ignored by open (a warning here)',
    upstream: 'open answers EIO, now and until the next reboot',
  },
  trustsWireCount: {
    numbers: 'B35, B36, D6',
    seed: 'the count is the wire’s; entries before a failure stay, and the count outlives finish',
    upstream:
      'the count must equal the entries (EINVAL inside, EIO at open); on failure all entries are dropped',
  },
  checksSessionNames: {
    numbers: 'D10',
    seed: 'names may be empty and are cut to 63 bytes',
    upstream: 'an empty name or one of more than 63 bytes is EINVAL',
  },
  sharedObjects: {
    numbers: 'D12, S23, S24',
    seed: 'no shared objects: EOPNOTSUPP',
    upstream: 'shared objects (FLB), 63 with 4 KiB pages',
  },
};

/** What neither profile copies, because it would only do harm. */
const NOT_COPIED: readonly (readonly [string, string, string])[] = [
  ['B13', 'unregistering twice corrupts the kernel’s list', 'ENOENT'],
  [
    'B36',
    'the seed reads records beyond its buffer for a wild count',
    'EINVAL at the end of the pages',
  ],
  ['B42', 'the seed can find a token nobody has by accident', 'a token is found or it is not'],
  [
    'D11',
    'after a successful freeze every call hangs for ever',
    'EBUSY; `unfreezeAll` exists because execve can fail',
  ],
  [
    'S5',
    'other or broken metadata panics the kernel',
    'the handover memory or the orchestrator throws',
  ],
  [
    'S15',
    'a duplicate name at a full block leaves an empty block, on which the next kernel panics',
    'the block is given back',
  ],
  ['S10', 'there is no way to list sessions', '`Orchestrator.report()`, next to the device'],
  [
    'S11',
    'close cannot tell that a session was orphaned',
    'close answers `orphaned`, and a warning',
  ],
  ['D10', 'a name is cut at an embedded NUL', 'EINVAL, in both profiles'],
];

function document(): string {
  const keys = Object.keys(DIFFERENCES) as (keyof typeof DIFFERENCES)[];
  const rows = keys.map((key) => {
    const { numbers, seed, upstream } = DIFFERENCES[key];
    return [`\`${key}\``, numbers, seed, upstream];
  });
  return [
    '# Profiles of the LUO engine',
    '',
    '`seed` is the document the engine started from, `upstream` is Linux 7.3 and the default. A profile is an object',
    'with one property for each difference; this table has one row for each property and is checked by',
    '`libs/luo-engine/checks/profiles.spec.ts`. The numbers lead to the tests in',
    '[luo-engine-behaviours.md](luo-engine-behaviours.md).',
    '',
    table(['property', 'numbers', 'seed', 'upstream'], rows),
    '',
    '## Deliberately not copied',
    '',
    table(['number', 'the kernel', 'the engine'], NOT_COPIED),
    '',
  ].join('\n');
}

it('every property differs between the profiles, but for sizes that only one of them uses', () => {
  const same = (Object.keys(DIFFERENCES) as (keyof typeof DIFFERENCES)[]).filter(
    (key) => SEED_PROFILE[key] === UPSTREAM_PROFILE[key],
  );
  expect(same).toEqual(['filePages', 'blocksMax']);
});

it('every number named here has a test', () => {
  const sources = specFiles().map(readLibraryFile).join('\n');
  const named = [
    ...Object.values(DIFFERENCES).flatMap(({ numbers }) => numbers.split(', ')),
    ...NOT_COPIED.map(([number]) => number),
  ];
  const untested = named.filter(
    (number) => !new RegExp(`['"\`](?:[BSD]\\d+, )*${number}[,:]`).test(sources),
  );
  expect(untested).toEqual([]);
});

it('docs/luo-engine-profiles.md is up to date', () => {
  const generated = document();
  expect(storedDocument('luo-engine-profiles.md', generated)).toBe(generated);
});
