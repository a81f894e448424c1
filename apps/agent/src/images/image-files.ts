// Files of this host that are named by the digest of their content.
//
// Happy path: what is not there yet is fetched into a part file, found to have its digest, and put in its place.
// Unhappy paths: ImageError. A file that is there is never removed or opened for writing, whatever fails: another one can
// only take its place, and only once its digest is right. A part with a wrong digest is fetched once more when an earlier part
// was gone on with, which may be of another content, and some times where it may have been cut short.
// Ordering: one fetch of a file at a time; who comes second finds what the first one has fetched.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { PhaseAborted, untilAborted } from '../commands/phase-clock';
import { reasonOf } from '../model/reason';
import { FetchFault } from './fetch-fault';
import { faultOf, fetchImage } from './fetch-image';
import { openRegularFile } from './file-source';
import { ImageError, unavailable, wrongDigest } from './image-error';

/** What an image may cost this host. */
export interface ImageLimits {
  /** Most bytes of an image whose release states no size. */
  imageBytesMax: number;
  /** Longest time without a byte from the server. */
  fetchStallMs: number;
}

export interface WantedImage {
  uri: string;
  sha256: string;
  /** Bytes the release states; 0 or absent when it states none. */
  sizeBytes?: bigint | undefined;
}

export class ImageFiles {
  private readonly underWay = new Map<string, Promise<unknown>>();

  constructor(
    readonly directory: string,
    private readonly limits: ImageLimits,
    private readonly suffix = '',
  ) {}

  pathOf(sha256: string): string {
    return path.join(this.directory, `${sha256}${this.suffix}`);
  }

  /** Makes the file ready; `isNew` when it was not there. Throws ImageError, or PhaseAborted. */
  async prepare(
    wanted: WantedImage,
    signal: AbortSignal,
  ): Promise<{ file: string; isNew: boolean }> {
    const file = this.pathOf(wanted.sha256);
    for (;;) {
      const other = this.underWay.get(file);
      if (other === undefined) break;
      await untilAborted(signal, other);
    }
    const isNew = this.bring(wanted, file, signal);
    const ended = isNew.then(
      () => this.underWay.delete(file),
      () => this.underWay.delete(file),
    );
    this.underWay.set(file, ended);
    return { file, isNew: await isNew };
  }

  /** Path of the file if its content still has this digest. Throws ImageError. */
  async verified(sha256: string, signal: AbortSignal): Promise<string> {
    const file = this.pathOf(sha256);
    const found = await this.digestOf(file, signal);
    if (found === null) throw unavailable(`image ${sha256} is not in the cache`, file);
    if (found !== sha256) throw wrongDigest(file, sha256, found);
    return file;
  }

  /** Removes all but these files and the parts of them. What cannot be removed now is removed at another time. */
  retain(keep: ReadonlySet<string>): void {
    try {
      for (const name of readdirSync(this.directory)) {
        const whole = path.join(this.directory, name.replace(/\.part$/, ''));
        if (!OURS.test(name) || keep.has(whole) || this.underWay.has(whole)) continue;
        rmSync(path.join(this.directory, name), { force: true });
      }
    } catch {
      // No disk space is worth failing a phase for.
    }
  }

  /** Of all files that are here. */
  digests(): string[] {
    const names = readdirSync(this.directory).filter((name) => OURS.test(name));
    return [...new Set(names.map((name) => name.slice(0, SHA256_LENGTH)))];
  }

  private async bring(wanted: WantedImage, file: string, signal: AbortSignal): Promise<boolean> {
    const { uri, sha256 } = wanted;
    const part = `${file}.part`;
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      if ((await this.digestOf(file, signal)) === sha256) return false;
      if ((await this.digestOf(part, signal)) !== sha256) await this.fetch(wanted, part, signal);
      signal.throwIfAborted();
      renameSync(part, file);
      await syncDirectory(this.directory);
      return true;
    } catch (error) {
      if (error instanceof ImageError || error instanceof PhaseAborted) throw error;
      if (signal.aborted && !(error instanceof FetchFault)) throw signal.reason;
      const subject = uri;
      const { code, message } = error instanceof FetchFault ? error : faultOf(error);
      const detail = `the image cannot be fetched: ${message}`;
      throw new ImageError(reasonOf(code, detail, { subject, cause: rootOf(error) }));
    }
  }

  private async fetch({ uri, sha256, sizeBytes }: WantedImage, part: string, signal: AbortSignal) {
    const size = { stated: Number(sizeBytes ?? 0n), max: this.limits.imageBytesMax };
    const request = { uri, part, size, stallMs: this.limits.fetchStallMs };
    for (let tries = 1; ; tries += 1) {
      const { resumed, mayBeCut } = await fetchImage(request, signal);
      const found = (await this.digestOf(part, signal)) ?? 'missing';
      if (found === sha256) return;
      await rm(part, { force: true });
      if (tries >= (mayBeCut ? CUT_TRIES_MAX : resumed ? 2 : 1))
        throw wrongDigest(uri, sha256, found);
      if (mayBeCut) await delay(CUT_PAUSE_MS, undefined, { signal });
    }
  }

  /** Null when there is no such file. */
  private async digestOf(file: string, signal: AbortSignal): Promise<string | null> {
    try {
      return await digestOfFile(file, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}

const SHA256_LENGTH = 64;
/** Whether something was cut short or is wrong can not be told where the server does not say how much there is. */
const CUT_TRIES_MAX = 4;
const CUT_PAUSE_MS = 500;
const OURS = /^[0-9a-f]{64}(\.cjs)?(\.part)?$/;

async function digestOfFile(file: string, signal: AbortSignal): Promise<string> {
  const { handle } = await openRegularFile(file);
  try {
    const hash = createHash('sha256');
    await pipeline(handle.createReadStream({ autoClose: false }), hash, { signal });
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

/** So that the name is still there after a loss of power; where the file system cannot, it is fetched again. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const rootOf = (error: unknown): unknown =>
  error instanceof FetchFault && error.cause !== undefined ? error.cause : error;
