import { type Candidate, identify, type Introduced } from './host-identity';

const hello = (given: Partial<Introduced> = {}): Introduced => ({
  ...{
    name: 'web-1',
    machineId: 'm1',
    bootId: 'b1',
    incarnationId: 'i1',
    streamNumber: 1n,
    ...given,
  },
});
const host = (given: Partial<Candidate> = {}): Candidate => ({
  ...{ id: 'h1', name: 'web-1', machineId: 'm1', bootId: 'b1', streamIncarnation: 'i1' },
  ...{ streamNumber: 1n, live: true, contested: false, decommissioned: false, ...given },
});
const outcome = (
  said: Partial<Introduced>,
  known: readonly Candidate[],
  replaced: readonly string[] = [],
  rebooted: readonly string[] = [],
) => {
  const has = (ids: readonly string[]) => (one: Candidate) => ids.includes(one.id);
  const verdict = identify(hello(said), known, has(replaced), has(rebooted));
  if (verdict.kind === 'new') return 'new';
  return verdict.kind === 'refused' ? verdict.code : `${verdict.kind} ${verdict.host.id}`;
};
const other = { id: 'h2', name: 'web-2', machineId: 'm2' };
const left = { decommissioned: true, live: false };
const old = { machineId: '' };

describe('identify', () => {
  it.each<[string, string, Partial<Introduced>, Candidate[], string[]?, string[]?]>([
    ['enrols a machine under a free name', 'new', {}, []],
    ['knows a process that comes back', 'known h1', { streamNumber: 2n }, [host()]],
    ['knows a machine that started anew', 'known h1', { incarnationId: 'i2' }, [host()]],
    [
      'knows a machine after a new kernel',
      'known h1',
      { incarnationId: 'i2', bootId: 'b2' },
      [host()],
    ],
    ['keeps a host that is renamed', 'known h1', { name: 'db-1', streamNumber: 2n }, [host()]],
    [
      'refuses a rename to a name that is taken',
      'NAME_TAKEN',
      { name: 'web-2' },
      [host(), host(other)],
    ],
    ['refuses a second machine', 'NAME_TAKEN', { machineId: 'm9' }, [host()]],
    [
      'refuses it also while the first is away',
      'NAME_TAKEN',
      { machineId: 'm9' },
      [host({ live: false })],
    ],
    ['refuses it also in the same boot', 'NAME_TAKEN', { machineId: 'm9', bootId: 'b1' }, [host()]],
    [
      'refuses an incarnation that was replaced',
      'IDENTITY_SHARED',
      { incarnationId: 'i0' },
      [host()],
      ['h1'],
    ],
    [
      'refuses it also while the other is away',
      'IDENTITY_SHARED',
      { incarnationId: 'i0' },
      [host({ live: false })],
      ['h1'],
    ],
    ['refuses a stream number that comes twice', 'IDENTITY_SHARED', { streamNumber: 1n }, [host()]],
    [
      'sends a stream away that its process has left, and suspects nobody',
      'superseded h1',
      { streamNumber: 2n },
      [host({ streamNumber: 3n })],
    ],
    [
      'lets the process of a contested host come back',
      'known h1',
      { streamNumber: 2n },
      [host({ contested: true })],
    ],
    [
      'but not one that does not count its streams',
      'IDENTITY_SHARED',
      { streamNumber: 0n },
      [host({ contested: true, streamNumber: 0n })],
    ],
    [
      'lets nobody take a contested host that is live',
      'IDENTITY_SHARED',
      { incarnationId: 'i2' },
      [host({ contested: true })],
    ],
    [
      'lets its machine have a contested host that is silent',
      'known h1',
      { incarnationId: 'i2' },
      [host({ contested: true, live: false })],
    ],
    [
      'does not count streams of agents that do not',
      'known h1',
      { streamNumber: 0n },
      [host({ streamNumber: 0n })],
    ],
    [
      'knows an agent without a machine id by its name',
      'known h1',
      { ...old, streamNumber: 0n },
      [host(old)],
    ],
    ['enrols the machine of a host that has none', 'known h1', { streamNumber: 2n }, [host(old)]],
    [
      'but not over a host that is connected out of another boot',
      'NAME_TAKEN',
      { bootId: 'b2' },
      [host(old)],
    ],
    [
      'and over one that is away',
      'known h1',
      { bootId: 'b2', streamNumber: 2n },
      [host({ ...old, live: false })],
    ],
    [
      'lets a machine go back to an agent without an id',
      'known h1',
      { ...old, incarnationId: 'i2' },
      [host()],
    ],
    ['refuses such an agent out of another boot', 'NAME_TAKEN', { ...old, bootId: 'b2' }, [host()]],
    ['keeps a decommissioned machine out', 'decommissioned h1', {}, [host(left)]],
    ['keeps it out under another name, too', 'decommissioned h1', { name: 'db-1' }, [host(left)]],
    [
      'gives the name of a decommissioned host to another machine',
      'new',
      { machineId: 'm9', bootId: 'b9' },
      [host(left)],
    ],
    [
      'knows the machine that has the name now',
      'known h2',
      { machineId: 'm2', incarnationId: 'i2' },
      [host(left), host({ ...other, name: 'web-1' })],
    ],
    [
      'keeps a decommissioned machine out whose name is another’s now',
      'decommissioned h1',
      {},
      [host(left), host({ ...other, name: 'web-1' })],
    ],
    ['keeps one out that had no id', 'decommissioned h1', old, [host({ ...old, ...left })]],
    [
      'and that has one now, as long as it has not booted',
      'decommissioned h1',
      {},
      [host({ ...old, ...left })],
    ],
    [
      'but over one whose reboot the hello holds',
      'known h1',
      { bootId: 'b2', incarnationId: 'i2' },
      [host(old)],
      [],
      ['h1'],
    ],
    [
      'which is no way around a machine that is enrolled',
      'NAME_TAKEN',
      { machineId: 'm9', bootId: 'b2' },
      [host()],
      [],
      ['h1'],
    ],
  ])('%s', (_what, wanted, said, known, ...[replaced, rebooted]) => {
    expect(outcome(said, known, replaced, rebooted)).toBe(wanted);
    expect(outcome(said, known.toReversed(), replaced, rebooted)).toBe(wanted);
  });
});
