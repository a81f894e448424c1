// Kernel images and initrds on this host: fetched in preflight, checked again when they are staged.
//
// Happy path: the release's files are made ready, and staged; once they run they are the current ones, and those before
// them the previous ones. All others go when the next are made ready.
// Unhappy paths: what is staged may run, noted or not, until another is known to: it stays when the next are staged, and is the
// staged one again when those were staged in vain. ImageError, with a wrong digest or an address that gives nothing; a file that is wrong is not kept.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '../../log';
import type { Release } from '../../model/command';
import { describeError, isDiskFull } from '../../model/reason';
import { diskFull } from '../../images/image-error';
import { ImageFiles, type ImageLimits } from '../../images/image-files';
import { replaceFile } from '../../images/replace-file';

export interface KernelFiles {
  kernelPath: string;
  initrdPath?: string;
}

/** Digests of the files that stay, whatever is fetched or fails. */
interface KeptKernels {
  staged: string[];
  current: string[];
  previous: string[];
}

export class KernelImages {
  private readonly files: ImageFiles;
  private readonly record: string;
  /** The running kernel is still the staged one in the record. */
  private isBehind = false;
  /** The record before the last `stage`. */
  private before: KeptKernels | null = null;

  constructor(
    settings: ImageLimits & { stateDir: string },
    private readonly log: Pick<Log, 'warn'>,
  ) {
    this.files = new ImageFiles(path.join(settings.stateDir, 'kernels'), settings);
    this.record = path.join(settings.stateDir, 'kernels.json');
  }

  /** Fetches what is not here yet. Throws ImageError. */
  async prepare(release: Release, signal: AbortSignal): Promise<void> {
    const { imageUri, imageSha256, imageSizeBytes, initrdUri, initrdSha256, initrdSizeBytes } =
      release;
    this.retainWith(release);
    const kernel = { uri: imageUri, sha256: imageSha256, sizeBytes: imageSizeBytes };
    await this.files.prepare(kernel, signal);
    if (initrdUri === '') return;
    const initrd = { uri: initrdUri, sha256: initrdSha256, sizeBytes: initrdSizeBytes };
    await this.files.prepare(initrd, signal);
  }

  /** The files, whose digests were computed just now; they stay from here on. Throws ImageError. */
  async stage(release: Release, signal: AbortSignal): Promise<KernelFiles> {
    const { imageSha256, initrdUri, initrdSha256 } = release;
    const kernelPath = await this.files.verified(imageSha256, signal);
    const initrdPath = initrdUri === '' ? null : await this.files.verified(initrdSha256, signal);
    try {
      if (this.isBehind) this.noteBooted();
      // Without a record every file that is here may be one that runs.
      const nothing = { staged: [], current: this.files.digests(), previous: [] };
      const kept = this.kept() ?? nothing;
      const previous = [...new Set([...kept.previous, ...kept.staged])];
      this.keep({ staged: digestsOf(release), current: kept.current, previous });
      this.before = kept;
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(this.record, error);
      throw error;
    }
    return initrdPath === null ? { kernelPath } : { kernelPath, initrdPath };
  }

  /** The undo of `stage`: this host has not rebooted into it. */
  unstaged(): void {
    const { before } = this;
    this.before = null;
    if (before === null) return;
    try {
      this.keep(before);
    } catch (error) {
      this.log.warn('a kernel stays noted as staged', { error: describeError(error) });
    }
  }

  /** The kernel staged last runs. Where that cannot be written down it stays all the same, as the staged one. */
  booted(): void {
    this.isBehind = true;
    try {
      this.noteBooted();
    } catch (error) {
      this.log.warn('the running kernel is not noted as such', { error: describeError(error) });
    }
  }

  private noteBooted(): void {
    const kept = this.kept();
    if (kept === null) return;
    const isSame = kept.staged.join() === kept.current.join();
    const previous = isSame ? kept.previous : kept.current;
    if (kept.staged.length > 0) this.keep({ staged: [], current: kept.staged, previous });
    this.isBehind = false;
  }

  private retainWith(release: Release): void {
    const kept = this.kept();
    if (kept === null) return;
    const digests = [...kept.staged, ...kept.current, ...kept.previous, ...digestsOf(release)];
    this.files.retain(new Set(digests.map((sha256) => this.files.pathOf(sha256))));
  }

  /** Null when it is not known; then everything stays. */
  private kept(): KeptKernels | null {
    try {
      const { staged, current, previous } = JSON.parse(
        readFileSync(this.record, 'utf8'),
      ) as Partial<KeptKernels>;
      const lists = [staged, current, previous];
      return lists.every((one) => Array.isArray(one))
        ? ({ staged, current, previous } as KeptKernels)
        : null;
    } catch {
      return null;
    }
  }

  private keep(kept: KeptKernels): void {
    replaceFile(this.record, JSON.stringify(kept));
  }
}

const digestsOf = ({ imageSha256, initrdSha256 }: Release): string[] =>
  [imageSha256, initrdSha256].filter((digest) => digest !== '');
