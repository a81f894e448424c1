import fc from 'fast-check';
import type { WaveSize } from '../model/strategy';
import { planWaves, type PlannableHost } from './wave.planner';

const fleet = (count: number, domains = 1): PlannableHost[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `id-${i}`,
    name: `host-${String(i).padStart(5, '0')}`,
    failureDomain: `rack-${i % domains}`,
    online: true,
  }));

function sizes(count: number, waves: readonly WaveSize[]): readonly number[] {
  const result = planWaves(fleet(count), { waves });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.plan.waves.map(({ hostIds }) => hostIds.length);
}

it.each<[number, WaveSize[], number[]]>([
  [40, [], [40]],
  [40, [1, '25%'], [1, 10, 29]],
  [3, ['1%'], [1, 2]],
  [10, ['25%'], [2, 8]],
  [26, ['10%'], [2, 24]],
  [100, ['29%'], [29, 71]],
  [1000, ['2.5%'], [25, 975]],
  [5, [10], [5]],
  [5, ['100%', 3], [5]],
  [5, [2, 2, 2, 2], [2, 2, 1]],
])('%i hosts in waves %j', (count, waves, expected) =>
  expect(sizes(count, waves)).toEqual(expected),
);

it('spreads a wave over failure domains', () => {
  const result = planWaves(
    [
      { id: '1', name: 'a1', failureDomain: 'a', online: true },
      { id: '2', name: 'a2', failureDomain: 'a', online: true },
      { id: '3', name: 'a3', failureDomain: 'a', online: true },
      { id: '4', name: 'b1', failureDomain: 'b', online: true },
    ],
    { waves: [2] },
  );
  expect(result).toEqual({
    kind: 'planned',
    plan: {
      waves: [
        { index: 0, size: 2, hostIds: ['1', '4'] },
        { index: 1, size: null, hostIds: ['2', '3'] },
      ],
    },
  });
});

it('takes hosts that are offline last, whatever their failure domain', () => {
  const hosts = fleet(6, 2).map((host, i) => ({ ...host, online: i > 2 }));
  const result = planWaves(hosts, { waves: [1, 1] });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  expect(result.plan.waves.map(({ hostIds }) => hostIds)).toEqual([
    ['id-4'],
    ['id-3'],
    ['id-5', 'id-0', 'id-1', 'id-2'],
  ]);
});

it.each<[string, PlannableHost[], WaveSize[], object]>([
  ['no hosts', [], [], { path: 'hosts', code: 'NO_HOSTS' }],
  ['a host twice', [...fleet(1), ...fleet(1)], [], { path: 'hosts[1]', code: 'DUPLICATE_HOST' }],
  ['a count of 0', fleet(1), [1, 0], { path: 'waves[1]', code: 'BAD_WAVE_SIZE' }],
  ['half a host', fleet(1), [0.5], { path: 'waves[0]', code: 'BAD_WAVE_SIZE' }],
  ['no percent', fleet(1), ['0%'], { path: 'waves[0]', code: 'BAD_WAVE_SIZE' }],
  ['too much', fleet(1), ['101%'], { path: 'waves[0]', code: 'BAD_WAVE_SIZE' }],
  ['hex', fleet(1), ['0x5%' as WaveSize], { path: 'waves[0]', code: 'BAD_WAVE_SIZE' }],
  ['too many waves', fleet(1), Array<WaveSize>(501).fill(1), { code: 'TOO_MANY_WAVES' }],
])('refuses %s', (_name, hosts, waves, problem) => {
  expect(planWaves(hosts, { waves })).toMatchObject({ kind: 'invalid', problems: [problem] });
});

it('puts every host into exactly one wave, whatever order they come in', () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 100 }).map((n): WaveSize => `${n}%`),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 7 }),
      fc.array(size, { maxLength: 6 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (count, domains, waves, random) => {
        const hosts = fleet(count, domains);
        const keyed = hosts.map((host) => ({ host, key: random.next().value ?? 0 }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ host }) => host);
        const result = planWaves(hosts, { waves });
        expect(planWaves(shuffled, { waves })).toEqual(result);
        if (result.kind === 'invalid') throw new Error('unexpected');
        const placed = result.plan.waves.flatMap(({ hostIds }) => hostIds);
        expect([...placed].sort()).toEqual(hosts.map(({ id }) => id).sort());
        expect(result.plan.waves.every(({ hostIds }) => hostIds.length > 0)).toBe(true);
      },
    ),
  );
});
