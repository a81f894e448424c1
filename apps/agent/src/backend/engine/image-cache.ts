// Runtime images on this host: fetched, checked, and which of them is to run.
//
// Happy path: preflight fetches an image under its digest; after it has proven itself `current` names it; whatever
// version a supervisor starts goes on as the current one.
// Unhappy paths: a wrong digest or an image that does not start is never kept; a current image that is missing or damaged
// is reported and the started one runs instead.
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';
import { koffiNativeFile } from '@luofleet/linux';
import { sha256OfFile } from '../../agent-version';
import type { Release } from '../../model/command';
import { describeError, reasonOf, type Reason } from '../../model/reason';
import { handoverFormat } from './handover-file';

export interface CurrentImage {
  path: string;
  sha256: string;
  version: string;
}

/** An image can not be used; `reason` says why. */
export class ImageError extends Error {
  constructor(readonly reason: Reason) {
    super(reason.detail);
    this.name = 'ImageError';
  }
}

/** A slow or stuck image server must not hold a host in preflight without an end. */
const FETCH_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 20_000;

export class ImageCache {
  private readonly directory: string;

  constructor(private readonly stateDir: string) {
    this.directory = path.join(stateDir, 'images');
  }

  pathOf(sha256: string): string {
    return path.join(this.directory, `${sha256}.cjs`);
  }

  /** Path of the cached image if its content still has this digest. Throws ImageError. */
  verified(sha256: string): string {
    const file = this.pathOf(sha256);
    if (!existsSync(file)) throw unavailable(`image ${sha256} is not in the cache`, file);
    if (sha256OfFile(file) !== sha256) throw mismatch(file, sha256);
    return file;
  }

  /**
   * Makes the release's image ready: fetched, digest right, starts, says the release's version, and can read what this
   * runtime hands over. Throws ImageError.
   */
  async prepare(release: Release, signal: AbortSignal): Promise<string> {
    const { imageSha256, imageUri } = release;
    mkdirSync(this.directory, { recursive: true });
    const file = this.pathOf(imageSha256);
    if (!existsSync(file) || sha256OfFile(file) !== imageSha256) {
      const bytes = await fetchImage(imageUri, signal);
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (digest !== imageSha256) throw mismatch(imageUri, imageSha256, digest);
      writeFileSync(`${file}.part`, bytes, { mode: 0o700 });
      renameSync(`${file}.part`, file);
    }
    this.placeNativeFile();
    await this.tryOut(file, release, signal);
    return file;
  }

  current(): CurrentImage | null {
    try {
      return JSON.parse(readFileSync(this.currentFile, 'utf8')) as CurrentImage;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** From now on this image runs, whichever one is started. */
  setCurrent(image: CurrentImage): void {
    mkdirSync(this.stateDir, { recursive: true });
    writeFileSync(`${this.currentFile}.next`, JSON.stringify(image), { flush: true });
    renameSync(`${this.currentFile}.next`, this.currentFile);
  }

  private get currentFile(): string {
    return path.join(this.stateDir, 'current.json');
  }

  /** The FFI library's native half lies beside the bundles; an image in the cache needs it there too. */
  private placeNativeFile(): void {
    const target = path.join(this.directory, 'koffi.node');
    const beside = path.join(path.dirname(__filename), 'koffi.node');
    if (beside === target || existsSync(target)) return;
    copyFileSync(existsSync(beside) ? beside : koffiNativeFile(), `${target}.part`);
    renameSync(`${target}.part`, target);
  }

  private async tryOut(file: string, release: Release, signal: AbortSignal): Promise<void> {
    let said: { version?: string; handoverFormats?: string[] };
    try {
      const options = { timeout: START_TIMEOUT_MS, signal };
      const { stdout } = await promisify(execFile)(process.execPath, [file, 'version'], options);
      said = JSON.parse(stdout) as typeof said;
    } catch (cause) {
      rmSync(file, { force: true });
      throw unavailable(`image ${release.version} does not start: ${describeError(cause)}`, file);
    }
    const subject = `image ${release.name}`;
    if (said.version !== release.version) {
      const detail = `the image says it is ${said.version}, the release says ${release.version}`;
      throw new ImageError(reasonOf('WRONG_VERSION', detail, { subject }));
    }
    const formats = said.handoverFormats ?? [];
    if (formats.includes(handoverFormat)) return;
    const theirs = formats.length === 0 ? 'names no format' : `reads ${formats.join(', ')}`;
    const detail = `this runtime hands over in format ${handoverFormat}, the image ${theirs}: everything would be lost`;
    throw new ImageError(reasonOf('ABI_MISMATCH', detail, { subject }));
  }
}

/** The bytes at a file:, http: or https: address. Throws ImageError. */
export async function fetchImage(uri: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const url = new URL(uri);
    if (url.protocol === 'file:') return await readFile(fileURLToPath(url));
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new Error(`the scheme ${url.protocol} is not file:, http: or https:`);
    }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]);
    const response = await fetch(url, { signal: limit });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    throw unavailable(`the image can not be fetched: ${describeError(cause)}`, uri, cause);
  }
}

function unavailable(detail: string, subject: string, cause?: unknown): ImageError {
  return new ImageError(reasonOf('IMAGE_UNAVAILABLE', detail, { subject, cause }));
}

function mismatch(subject: string, wanted: string, found?: string): ImageError {
  const detail = `sha256 is ${found ?? 'not'} ${found === undefined ? wanted : `and should be ${wanted}`}`;
  return new ImageError(reasonOf('DIGEST_MISMATCH', detail, { subject }));
}
