import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Release } from '../../model/command';
import { ImageError } from '../../images/image-error';
import { silentLog } from '../../log';
import { KernelImages } from './kernel-images';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const { signal } = new AbortController();
let directory: string;
let images: KernelImages;
let release: Release;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'luofleet-kernel-images-'));
  writeFileSync(path.join(directory, 'kernel'), 'a kernel');
  writeFileSync(path.join(directory, 'initrd'), 'an initrd');
  const limits = { imageBytesMax: 1000, fetchStallMs: 1000 };
  images = new KernelImages({ stateDir: directory, ...limits }, silentLog);
  release = {
    ...{ name: 'next', version: '7', kind: 'kernel', handlers: [], kernelCommandLine: '' },
    ...{ imageUri: `file://${directory}/kernel`, imageSha256: sha256('a kernel'), luoAbi: '' },
    ...{ initrdUri: `file://${directory}/initrd`, initrdSha256: sha256('an initrd') },
  };
});
afterEach(() => rmSync(directory, { recursive: true }));

const reasonOfFailure = async (action: () => unknown) => {
  try {
    await action();
  } catch (error) {
    if (error instanceof ImageError) return error.reason;
    throw error;
  }
  throw new Error('expected an ImageError');
};

describe('kernel images', () => {
  it('are there after they were prepared, also when their source has gone', async () => {
    await images.prepare(release, signal);
    rmSync(path.join(directory, 'kernel'));
    await images.prepare(release, signal);
    const { kernelPath, initrdPath = '' } = await images.stage(release, signal);
    expect([readFileSync(kernelPath, 'utf8'), readFileSync(initrdPath, 'utf8')]).toEqual([
      'a kernel',
      'an initrd',
    ]);
  });

  it('have no initrd where the release names none', async () => {
    release = { ...release, initrdUri: '', initrdSha256: '' };
    await images.prepare(release, signal);
    expect(await images.stage(release, signal)).not.toHaveProperty('initrdPath');
  });

  it.each(['imageSha256', 'initrdSha256'] as const)(
    'with a wrong %s are refused and not kept',
    async (field) => {
      const wrong = { ...release, [field]: sha256('another') };
      expect(await reasonOfFailure(() => images.prepare(wrong, signal))).toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
      expect(existsSync(path.join(directory, 'kernels', wrong[field]))).toBe(false);
    },
  );

  it.each(['imageSha256', 'initrdSha256'] as const)(
    'are looked at again before they are staged (%s)',
    async (field) => {
      await images.prepare(release, signal);
      const file = path.join(directory, 'kernels', release[field]);
      writeFileSync(file, 'damaged');
      const damaged = await reasonOfFailure(() => images.stage(release, signal));
      expect(damaged).toMatchObject({ code: 'DIGEST_MISMATCH', subject: file });
      rmSync(file);
      const gone = await reasonOfFailure(() => images.stage(release, signal));
      expect(gone).toMatchObject({ code: 'IMAGE_UNAVAILABLE' });
    },
  );
});
