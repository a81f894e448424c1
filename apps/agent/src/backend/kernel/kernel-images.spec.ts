import { createHash } from 'node:crypto';
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The release runs, as after an update to it. */
async function run(name: string): Promise<string> {
  writeFileSync(path.join(directory, name), name);
  const uri = `file://${path.join(directory, name)}`;
  const one = {
    ...release,
    imageUri: uri,
    imageSha256: sha256(name),
    initrdUri: '',
    initrdSha256: '',
  };
  await images.prepare(one, signal);
  const { kernelPath } = await images.stage(one, signal);
  images.booted();
  return kernelPath;
}

/** While `action` runs, the record can not be read, or not be written. */
async function failing<T>(
  what: 'readFileSync' | 'renameSync',
  action: () => Promise<T>,
): Promise<T> {
  const real = fs[what] as (...args: unknown[]) => unknown;
  const spy = jest.spyOn(fs, what).mockImplementation(((...args: unknown[]) => {
    if (String(args[0]).includes('kernels.json'))
      throw Object.assign(new Error('EIO: as the test says'), { code: 'EIO' });
    return real(...args);
  }) as never);
  try {
    return await action();
  } finally {
    spy.mockRestore();
  }
}

describe('kernel images', () => {
  it('that run, or ran before, stay although the record could not be read when the next was staged', async () => {
    const kept = [await run('kernel-1'), await run('kernel-2')];
    await failing('readFileSync', () => run('kernel-3'));
    await images.prepare(release, signal);
    expect(kept.map((file) => existsSync(file))).toEqual([true, true]);
  });

  it('that run stay although it could not be noted that they do', async () => {
    const before = await run('kernel-1');
    const running = path.join(directory, 'kernels', sha256('kernel-2'));
    await failing('renameSync', async () => {
      const error = await run('kernel-2').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'EIO' });
    });
    const staged = { ...release, imageUri: `file://${directory}/kernel-2` };
    Object.assign(staged, { imageSha256: sha256('kernel-2'), initrdUri: '', initrdSha256: '' });
    await images.prepare(staged, signal);
    await images.stage(staged, signal);
    await failing('renameSync', () => Promise.resolve(images.booted()));
    await run('kernel-3');
    await images.prepare(release, signal);
    expect([existsSync(before), existsSync(running)]).toEqual([false, true]);
  });

  /** Staged by an agent of its own, as after a reboot. */
  async function stage(name: string): Promise<string> {
    writeFileSync(path.join(directory, name), name);
    const one = { ...release, imageUri: `file://${path.join(directory, name)}` };
    Object.assign(one, { imageSha256: sha256(name), initrdUri: '', initrdSha256: '' });
    images = new KernelImages(
      { stateDir: directory, imageBytesMax: 1000, fetchStallMs: 1000 },
      silentLog,
    );
    await images.prepare(one, signal);
    return (await images.stage(one, signal)).kernelPath;
  }

  it('that run stay although nobody noted it, and another was staged in vain', async () => {
    await run('kernel-1');
    const running = await stage('kernel-2');
    const vetoed = [await stage('kernel-3')];
    images.unstaged();
    vetoed.push(await stage('kernel-4'));
    await images.prepare(release, signal);
    expect(existsSync(running)).toBe(true);
    images.unstaged();
    await images.prepare(release, signal);
    expect([running, ...vetoed].map((file) => existsSync(file))).toEqual([true, false, false]);
  });

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
