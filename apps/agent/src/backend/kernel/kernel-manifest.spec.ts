import { ftruncateSync, writeSync } from 'node:fs';
import { closeDescriptor } from '@luofleet/linux';
import { readManifest, writeManifest, ManifestError, type KernelManifest } from './kernel-manifest';
import { parseSettings } from '../../settings/parse-settings';
import { isMemfd } from './memfd-kind';

const text = JSON.stringify({
  ...{ hostName: 'h', controlPlane: 'c:1', backend: 'kernel', stateDir: '/s' },
  faults: { freeze: [{ workload: 'kv', token: '0xffffffffffffffff', errno: 'EIO' }] },
});

const manifest: KernelManifest = {
  key: 'hu/reboot/1',
  fromRelease: '7.3.4',
  imageSha256: 'ab',
  sessions: [
    {
      name: 'luofleet.kv',
      workload: 'kv',
      state: 'frozen',
      files: [
        {
          token: 0xffff_ffff_ffff_ffffn,
          name: 'store',
          compatible: 'memfd-v2',
          dataHandle: 0n,
          state: 'frozen',
          reason: null,
          sizeBytes: 4096n,
        },
      ],
    },
  ],
  leftBehind: [{ workload: 'kv', name: 'http' }],
  frozenAtMs: 1,
  journal: 'one line\n',
  configuration: {
    ...{ text, file: '/etc/agent.json', agentVersion: '1.0.0' },
    settings: parseSettings(text, '/etc/agent.json'),
  },
};

describe('the manifest', () => {
  let fd: number;
  beforeEach(() => {
    fd = writeManifest(manifest);
  });
  afterEach(() => closeDescriptor(fd));

  it('is read as it was written, u64 tokens included', () => {
    expect(readManifest(fd)).toEqual(manifest);
    expect(isMemfd(fd)).toBe(true);
  });

  it('may be followed by the rest of a page', () => {
    ftruncateSync(fd, 65_536);
    expect(readManifest(fd)).toEqual(manifest);
  });

  it.each<[string, (fd: number) => void, RegExp]>([
    ['is empty', (one) => ftruncateSync(one, 0), /magic/],
    ['is foreign', (one) => writeSync(one, 'X', 0), /magic/],
    ['is newer', (one) => writeSync(one, Buffer.from([2]), 0, 1, 8), /version 2/],
    ['is cut off', (one) => ftruncateSync(one, 100), /cut off/],
    ['is damaged', (one) => writeSync(one, 'X', 60), /digest/],
  ])('is refused when it %s', (_what, damage, words) => {
    damage(fd);
    expect(() => readManifest(fd)).toThrow(ManifestError);
    expect(() => readManifest(fd)).toThrow(words);
  });
});
