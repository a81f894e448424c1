// Runtime images on this host: fetched, checked, and which of them is to run.
//
// Happy path: preflight fetches an image under its digest; after it has proven itself `current` names it, and the one before
// it as the previous one; whatever version a supervisor starts goes on as the current one.
// Unhappy paths: a new image that does not start is not kept. The image that runs, the current, the previous and the wanted
// one stay, whatever fails; all others go. A current image that is missing or damaged is reported and the started one runs
// instead.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { koffiNativeFile } from '@luofleet/linux';
import { runningImagePath, sha256OfFile } from '../../agent-version';
import { PhaseAborted } from '../../commands/phase-clock';
import { askImage, type ImageAnswer } from '../../images/ask-image';
import { diskFull, ImageError, unavailable, wrongDigest } from '../../images/image-error';
import { ImageFiles, type ImageLimits } from '../../images/image-files';
import { removeQuietly, replaceFile, replaceWithCopy } from '../../images/replace-file';
import type { Release } from '../../model/command';
import { describeError, isDiskFull, reasonOf } from '../../model/reason';
import { handoverFormat } from './handover-file';

export interface CurrentImage {
  path: string;
  sha256: string;
  version: string;
}

/** What `current.json` says: the current image, and the one that was current before it. */
type ImageRecord = CurrentImage & { previous?: CurrentImage | undefined };

const START_TIMEOUT_MS = 20_000;

export class ImageCache {
  private readonly files: ImageFiles;
  private readonly currentFile: string;
  /** Digests of images that said so when they were asked. */
  private readonly endingWatch = new Set<string>();

  constructor(settings: ImageLimits & { stateDir: string }) {
    this.files = new ImageFiles(path.join(settings.stateDir, 'images'), settings, '.cjs');
    this.currentFile = path.join(settings.stateDir, 'current.json');
  }

  pathOf(sha256: string): string {
    return this.files.pathOf(sha256);
  }

  /** Path of the cached image if its content still has this digest. Throws ImageError. */
  verified(sha256: string): string {
    const file = this.pathOf(sha256);
    if (!existsSync(file)) throw unavailable(`image ${sha256} is not in the cache`, file);
    const found = sha256OfFile(file);
    if (found !== sha256) throw wrongDigest(file, sha256, found);
    return file;
  }

  /** Before this image is started: its content is right, and the native file beside it is, or is made so. Throws. */
  makeRunnable({ path: file, sha256 }: CurrentImage): void {
    const found = sha256OfFile(file);
    if (found !== sha256) throw wrongDigest(file, sha256, found);
    if (path.dirname(file) === this.files.directory) this.placeNativeFile();
  }

  /**
   * Makes the release's image ready: fetched, digest right, starts, says the release's version, and can read what this
   * runtime hands over. Throws ImageError, or PhaseAborted.
   */
  async prepare(release: Release, signal: AbortSignal): Promise<string> {
    const { imageSha256: sha256, imageUri: uri, imageSizeBytes: sizeBytes } = release;
    this.retainWith(sha256);
    const { file, isNew } = await this.files.prepare({ uri, sha256, sizeBytes }, signal);
    try {
      this.placeNativeFile();
      const answer = await askImage(file, START_TIMEOUT_MS, signal);
      checkAnswer(answer, release);
      if (answer.endsWatch) this.endingWatch.add(sha256);
    } catch (error) {
      if (error instanceof PhaseAborted) throw error;
      if (isNew && !this.isInUse(file)) removeQuietly(file);
      if (error instanceof ImageError) throw error;
      if (isDiskFull(error)) throw diskFull(file, error);
      const detail = `the image of ${release.name} is not a runtime image of Luofleet: ${describeError(error)}`;
      throw unavailable(detail, file, error);
    }
    return file;
  }

  /** Whether this image was asked by this process, and said that it takes the alarm of a take-over back. */
  endsWatch(sha256: string): boolean {
    return this.endingWatch.has(sha256);
  }

  /** Null when there is none, or nothing that means anything. Throws where it can not be read. */
  current(): CurrentImage | null {
    return this.read();
  }

  /** From now on this image runs, whichever one is started. Throws while it can not be read which one did before. */
  setCurrent(image: CurrentImage): void {
    const before = this.read();
    if (before?.sha256 === image.sha256 && before.path === image.path) return;
    const { previous: beforeThat, ...last } = before ?? { ...image, previous: undefined };
    const previous = last.sha256 === image.sha256 ? beforeThat : last;
    replaceFile(this.currentFile, JSON.stringify({ ...image, previous } satisfies ImageRecord));
  }

  /** Null when it is not known what is in use. */
  private record(): ImageRecord | null {
    try {
      return this.read();
    } catch {
      return null;
    }
  }

  /** Null when there is none, or nothing that means anything. Throws where it can not be read. */
  private read(): ImageRecord | null {
    const text = readIfThere(this.currentFile);
    try {
      const record = JSON.parse(text) as Partial<ImageRecord> | null;
      const { path: file, sha256, version } = record ?? {};
      const isWhole = [file, sha256, version].every((one) => typeof one === 'string');
      return isWhole ? (record as ImageRecord) : null;
    } catch {
      return null;
    }
  }

  /** Removes what is neither in use nor wanted. While it is not known what is in use, everything stays. */
  private retainWith(sha256: string): void {
    const record = this.record();
    if (record === null) return;
    const used = [runningImagePath, record.path, record.previous?.path ?? record.path];
    this.files.retain(new Set([...used, this.pathOf(sha256)]));
  }

  private isInUse(file: string): boolean {
    const record = this.record();
    return record === null || [runningImagePath, record.path, record.previous?.path].includes(file);
  }

  /** The FFI library's native half lies beside the bundles; an image in the cache needs it there too. */
  private placeNativeFile(): void {
    const target = path.join(this.files.directory, 'koffi.node');
    const beside = path.join(path.dirname(runningImagePath), 'koffi.node');
    if (beside === target) return;
    const source = existsSync(beside) ? beside : koffiNativeFile();
    if (existsSync(target) && sha256OfFile(target) === sha256OfFile(source)) return;
    replaceWithCopy(target, source);
  }
}

/** Empty when there is no such file. Throws where it can not be read. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function checkAnswer(answer: ImageAnswer, release: Release): void {
  const subject = `image ${release.name}`;
  if (answer.version !== release.version) {
    const detail = `the image says it is ${answer.version}, the release says ${release.version}`;
    throw new ImageError(reasonOf('WRONG_VERSION', detail, { subject }));
  }
  const formats = answer.handoverFormats;
  if (formats.includes(handoverFormat)) return;
  const theirs = formats.length === 0 ? 'names no format' : `reads ${formats.join(', ')}`;
  const detail = `this runtime hands over in format ${handoverFormat}, the image ${theirs}: everything would be lost`;
  throw new ImageError(reasonOf('ABI_MISMATCH', detail, { subject }));
}
