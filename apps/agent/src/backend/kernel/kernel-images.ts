// Kernel images and initrds on this host: fetched in preflight, checked again when they are staged.
//
// Unhappy paths: ImageError, with a wrong digest or an address that gives nothing; a file that is wrong is not kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256OfFile } from '../../agent-version';
import type { Release } from '../../model/command';
import { reasonOf } from '../../model/reason';
import { fetchImage, ImageError } from '../engine/image-cache';

export interface KernelFiles {
  kernelPath: string;
  initrdPath?: string;
}

export class KernelImages {
  private readonly directory: string;

  constructor(stateDir: string) {
    this.directory = path.join(stateDir, 'kernels');
  }

  /** Fetches what is not here yet. Throws ImageError. */
  async prepare(release: Release, signal: AbortSignal): Promise<void> {
    mkdirSync(this.directory, { recursive: true });
    await this.fetch(release.imageUri, release.imageSha256, signal);
    if (release.initrdUri !== '') await this.fetch(release.initrdUri, release.initrdSha256, signal);
  }

  /** The files, whose digests were computed just now. Throws ImageError. */
  verified({ imageSha256, initrdUri, initrdSha256 }: Release): KernelFiles {
    const kernelPath = this.check(imageSha256);
    return initrdUri === '' ? { kernelPath } : { kernelPath, initrdPath: this.check(initrdSha256) };
  }

  private check(sha256: string): string {
    const file = path.join(this.directory, sha256);
    if (!existsSync(file)) {
      const detail = `image ${sha256} is not in the cache`;
      throw new ImageError(reasonOf('IMAGE_UNAVAILABLE', detail, { subject: file }));
    }
    const found = sha256OfFile(file);
    if (found !== sha256) throw mismatch(file, sha256, found);
    return file;
  }

  private async fetch(uri: string, sha256: string, signal: AbortSignal): Promise<void> {
    const file = path.join(this.directory, sha256);
    if (existsSync(file) && sha256OfFile(file) === sha256) return;
    const bytes = await fetchImage(uri, signal);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw mismatch(uri, sha256, found);
    writeFileSync(`${file}.part`, bytes, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
}

function mismatch(subject: string, wanted: string, found: string): ImageError {
  const detail = `sha256 is ${found} and should be ${wanted}`;
  return new ImageError(reasonOf('DIGEST_MISMATCH', detail, { subject }));
}
