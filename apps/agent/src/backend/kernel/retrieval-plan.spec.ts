// The plan as the native program reads it: compiled here, with the checks of the address sanitizer.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { closeDescriptor } from '@luofleet/linux';
import { compileNativeTest } from '../../testing/native-program';
import { writeManifest, type KernelManifest } from './kernel-manifest';

const session = (name: string, ...tokens: bigint[]): KernelManifest['sessions'][number] => ({
  ...{ name, workload: name, state: 'frozen' },
  files: tokens.map((token) => ({
    ...{ token, name: 'f', compatible: 'memfd-v2', dataHandle: 0n, sizeBytes: 0n },
    ...{ state: 'frozen', reason: null },
  })),
});

function manifestOf(...sessions: KernelManifest['sessions']): Buffer {
  const fd = writeManifest({
    ...{ key: 'k', fromRelease: '7.3', imageSha256: '', sessions, leftBehind: [], frozenAtMs: 1 },
    journal: 'line\n',
  });
  const bytes = readFileSync(`/proc/self/fd/${fd}`);
  closeDescriptor(fd);
  return bytes;
}

describe('the retrieval plan', () => {
  const reader = compileNativeTest('retrieval-plan.test.c');
  const read = (manifest: Buffer): string => {
    const { status, stdout, stderr } = spawnSync(reader, { input: manifest, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  const whole = manifestOf(session('luofleet.kv', 1n, 0xffff_ffff_ffff_ffffn), session('empty'));
  const jsonEnd = 48 + whole.readUInt32LE(12);

  it('is read as it was written', () => {
    expect(read(whole)).toBe('luofleet.kv\n1\n18446744073709551615\nempty\nend\n');
    expect(read(manifestOf())).toBe('end\n');
  });

  it('is broken wherever it is cut off, and never read beyond its end', () => {
    for (let size = 0; size < whole.length; size += size < jsonEnd - 8 ? 37 : 1) {
      expect(read(whole.subarray(0, size))).toMatch(/broken\n$/);
    }
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['a version that is not known', (bytes) => bytes.writeUInt32LE(2, 8)],
    ['a length beyond everything', (bytes) => bytes.writeUInt32LE(0xffff_ffff, 12)],
    ['no plan, as of an earlier agent', (bytes) => bytes.fill(0, jsonEnd)],
    ['more sessions than there are', (bytes) => bytes.writeUInt32LE(0xffff_ffff, jsonEnd + 8)],
    ['more files than there are', (bytes) => bytes.writeUInt32LE(0xffff_ffff, jsonEnd + 12 + 64)],
    ['a name without end', (bytes) => bytes.fill('x', jsonEnd + 12, jsonEnd + 12 + 64)],
    ['a name of two lines', (bytes) => bytes.write('\n', jsonEnd + 14)],
    ['no name', (bytes) => bytes.fill(0, jsonEnd + 12, jsonEnd + 12 + 64)],
  ])('is broken with %s', (_, damage) => {
    const bytes = Buffer.from(whole);
    damage(bytes);
    expect(read(bytes)).toMatch(/broken\n$/);
  });

  it('survives any flipped byte', () => {
    for (let at = jsonEnd; at < whole.length; at += 3) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
      expect(read(bytes)).toMatch(/(end|broken)\n$/);
    }
  });
});
