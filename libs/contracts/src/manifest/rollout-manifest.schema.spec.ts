import { faultsOf } from '../request/faults';
import { rolloutManifestSchema } from './rollout-manifest.schema';

const minimal = () => ({
  apiVersion: 'luofleet.dev/v1',
  kind: 'Rollout',
  metadata: { name: 'to-1-1-0' },
  spec: { release: 'runtime-1.1.0' },
});

const withStrategy = (strategy: unknown) => ({
  ...minimal(),
  spec: { ...minimal().spec, strategy },
});

const faults = (value: unknown) => {
  const parsed = rolloutManifestSchema.safeParse(value);
  return parsed.success ? [] : faultsOf(parsed.error);
};

describe('the rollout manifest', () => {
  it('fills in every documented default', () => {
    expect(rolloutManifestSchema.parse(minimal()).spec).toEqual({
      release: 'runtime-1.1.0',
      selector: '',
      strategy: {
        waves: [],
        maxConcurrent: 10,
        maxFailures: 0,
        soak: 0,
        finishRetry: 2000,
        finishTriesMax: 10,
        offline: { waitFor: 1_800_000, then: 'skip' },
        force: false,
        phaseTimeouts: {
          preflight: 30_000,
          preserve: 60_000,
          freeze: 30_000,
          reboot: 120_000,
          retrieve: 60_000,
          finish: 60_000,
          verify: 60_000,
          rollback: 60_000,
        },
      },
    });
  });

  it('reads waves, percents and durations', () => {
    const { strategy } = rolloutManifestSchema.parse(
      withStrategy({
        waves: [1, '25%', '100%'],
        soak: '1m30s',
        phaseTimeouts: { reboot: '500ms' },
      }),
    ).spec;
    expect(strategy.waves).toEqual([1, '25%', '100%']);
    expect(strategy.soak).toBe(90_000);
    expect(strategy.phaseTimeouts.reboot).toBe(500);
    expect(strategy.phaseTimeouts.freeze).toBe(30_000);
  });

  it.each<[string, unknown, string, string]>([
    [
      'an unknown field',
      { ...minimal(), extra: 1 },
      'extra',
      'unknown field; known here: apiVersion, kind, metadata, spec',
    ],
    [
      'an unknown strategy field',
      withStrategy({ wave: [1] }),
      'spec.strategy.wave',
      'unknown field',
    ],
    ['another kind', { ...minimal(), kind: 'Deployment' }, 'kind', 'must be "Rollout"'],
    ['another version', { ...minimal(), apiVersion: 'v1' }, 'apiVersion', 'luofleet.dev/v1'],
    ['no name', { ...minimal(), metadata: {} }, 'metadata.name', 'expected string'],
    ['a bad name', { ...minimal(), metadata: { name: 'Bad Name' } }, 'metadata.name', 'lower-case'],
    [
      'a name that looks like an id',
      { ...minimal(), metadata: { name: '9c5b94b1-35ad-49bb-b118-8e8fc24abf80' } },
      'metadata.name',
      'must not look like an id',
    ],
    ['no release', { ...minimal(), spec: {} }, 'spec.release', 'expected string'],
    [
      'a bad selector',
      { ...minimal(), spec: { release: 'r', selector: 'zone in' } },
      'spec.selector',
      'position 8',
    ],
    ['a wave of none', withStrategy({ waves: [0] }), 'spec.strategy.waves[0]', 'wave size'],
    ['a wave of 0%', withStrategy({ waves: [1, '0%'] }), 'spec.strategy.waves[1]', 'wave size'],
    ['a wave of 101%', withStrategy({ waves: ['101%'] }), 'spec.strategy.waves[0]', 'wave size'],
    ['a wave of 5%5%', withStrategy({ waves: ['5%5%'] }), 'spec.strategy.waves[0]', 'wave size'],
    [
      'a wave of half a host',
      withStrategy({ waves: [0.5] }),
      'spec.strategy.waves[0]',
      'wave size',
    ],
    ['waves as text', withStrategy({ waves: '25%' }), 'spec.strategy.waves', 'expected array'],
    ['a bare number for a duration', withStrategy({ soak: 30 }), 'spec.strategy.soak', 'a unit'],
    ['an unknown unit', withStrategy({ soak: '3d' }), 'spec.strategy.soak', 'a unit'],
    ['a duration beyond a day', withStrategy({ soak: '25h' }), 'spec.strategy.soak', '24h'],
    [
      'a time limit of nothing',
      withStrategy({ phaseTimeouts: { freeze: '0s' } }),
      'spec.strategy.phaseTimeouts.freeze',
      'longer than 0',
    ],
    [
      'a time limit of an unknown phase',
      withStrategy({ phaseTimeouts: { thaw: '1s' } }),
      'spec.strategy.phaseTimeouts.thaw',
      'unknown field',
    ],
    ['no concurrency', withStrategy({ maxConcurrent: 0 }), 'spec.strategy.maxConcurrent', '>=1'],
    [
      'text for a number',
      withStrategy({ maxFailures: '1' }),
      'spec.strategy.maxFailures',
      'number',
    ],
    ['nothing at all', undefined, '', 'expected object'],
    ['a list', [], '', 'expected object'],
  ])('refuses %s and says where', (_name, value, path, message) => {
    expect(faults(value)).toEqual(
      expect.arrayContaining([{ path, message: expect.stringContaining(message) }]),
    );
  });

  it('reports every fault at once', () => {
    expect(
      faults({ kind: 'x', spec: { release: 1, strategy: { soak: 1 } } }).map((f) => f.path),
    ).toEqual(['apiVersion', 'kind', 'metadata', 'spec.release', 'spec.strategy.soak']);
  });
});
