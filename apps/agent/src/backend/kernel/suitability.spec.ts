import type { AgentCommand, Release } from '../../model/command';
import type { WorkloadHealth } from '../backend';
import { unsuitable } from './suitability';

const release: Release = {
  ...{ name: 'next', version: '7.3.5', kind: 'kernel', handlers: ['memfd-v2', 'other'] },
  ...{ imageUri: '', imageSha256: '', initrdUri: '', initrdSha256: '' },
  ...{ kernelCommandLine: 'kho=on liveupdate=on', luoAbi: 'luo-v5' },
};
const commandFor = (fields: Partial<Release>): AgentCommand => ({
  ...{ key: 'hu/preflight/1', hostUpdateId: 'hu', rolloutId: 'r', phase: 'preflight', attempt: 1 },
  ...{ generation: 1n, afterKey: '', timeoutMs: 0, soakMs: 0, release: { ...release, ...fields } },
});
const serving: WorkloadHealth = { name: 'kv', state: 'serving', detail: '', pid: 1 };

describe('a host asked to update its kernel', () => {
  it('finds nothing against a release that fits', () => {
    expect(unsuitable(commandFor({}), [serving])).toBeNull();
    expect(unsuitable(null, [])).toBeNull();
  });

  it.each<[string, Partial<Release>, string, RegExp]>([
    ['another kind', { kind: 'runtime' }, 'UNSUPPORTED', /takes kernels/],
    ['another ABI', { luoAbi: 'luo-v4' }, 'ABI_MISMATCH', /luo-v4.*luo-v5.*panic/],
    ['no ABI', { luoAbi: '' }, 'ABI_MISMATCH', /names no ABI/],
    ['no memfd handler', { handlers: ['other'] }, 'HANDLER_MISSING', /memfd-v2/],
    [
      'a switch inside quotes',
      { kernelCommandLine: 'kho=on note="liveupdate=on"' },
      'COMMAND_LINE_UNFIT',
      /liveupdate=on/,
    ],
    [
      'a line that the mark makes too long',
      { kernelCommandLine: `kho=on liveupdate=on ${'x'.repeat(2020)}` },
      'COMMAND_LINE_UNFIT',
      /2047 are allowed/,
    ],
  ])('refuses a release with %s', (_what, fields, code, words) => {
    const reason = unsuitable(commandFor(fields), [serving]);
    expect(reason).toMatchObject({ code, subject: 'release next' });
    expect(reason?.detail).toMatch(words);
  });

  it('refuses while a workload does not serve', () => {
    const stopped: WorkloadHealth = {
      name: 'web',
      state: 'stopped',
      detail: 'exit code 1',
      pid: 0,
    };
    expect(unsuitable(commandFor({}), [serving, stopped])).toMatchObject({
      ...{ code: 'WORKLOAD_NOT_SERVING', subject: 'workload web' },
      detail: 'workload web is stopped: exit code 1',
    });
  });
});
