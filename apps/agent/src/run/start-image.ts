// Which runtime image runs. A supervisor may start any version: it goes on as the current one by execve.
import { execve } from '@luofleet/linux';
import { agentVersion, runningImagePath } from '../agent-version';
import type { CurrentImage, ImageCache } from '../backend/engine/image-cache';
import type { JournalState } from '../journal/journal.state';
import type { Log } from '../log';
import { describeError } from '../model/reason';

interface StartImageOptions {
  images: ImageCache;
  journal: JournalState;
  log: Log;
  ownSha256: string;
  programArguments: readonly string[];
}

/** Set on the way to the current image, so that a current image that names another one can not go round in circles. */
export const REDIRECTED = 'LUOFLEET_REDIRECTED';

const REMEMBER_AGAIN_MS = 5_000;

/** Returns when this image is the one to run; otherwise does not return. */
export function becomeCurrentImage(options: StartImageOptions): void {
  const { images, journal, log, ownSha256, programArguments } = options;
  const redirected = process.env[REDIRECTED] !== undefined;
  delete process.env[REDIRECTED];
  const own: CurrentImage = { path: runningImagePath, sha256: ownSha256, version: agentVersion };
  const current = currentImage(images, journal, log);
  if (current === 'unknown') return;
  if (current === null) return rememberCurrent(images, own, log);
  if (current.sha256 === ownSha256 || redirected) return;
  try {
    images.makeRunnable(current);
    execve({
      path: process.execPath,
      argv: [process.execPath, ...process.execArgv, current.path, ...programArguments],
      env: { ...process.env, [REDIRECTED]: '1' },
    });
  } catch (error) {
    const detail = describeError(error);
    log.error('the current image can not run; this one goes on instead', { ...current, detail });
  }
}

/** Null on a host that has never had one. */
function currentImage(
  images: ImageCache,
  { crossing }: JournalState,
  log: Log,
): CurrentImage | null | 'unknown' {
  let current: CurrentImage | null | 'unknown';
  try {
    current = images.current();
  } catch (error) {
    log.error('the current image can not be read', { error: describeError(error) });
    current = 'unknown';
  }
  // The take-over is in the journal before `current` says so; an agent killed in between makes up for it here.
  if (!crossing?.retrieved) return current;
  if (current !== 'unknown' && current?.sha256 === crossing.imageSha256) return current;
  const { imageSha256: sha256, toVersion: version } = crossing;
  const tookOver = { path: images.pathOf(sha256), sha256, version };
  rememberCurrent(images, tookOver, log);
  return tookOver;
}

/**
 * From now on this image runs, whichever one is started. A disk that does not take it is asked again, as long as this
 * process lives; until the next update the journal knows it too.
 */
export function rememberCurrent(images: ImageCache, image: CurrentImage, log: Log): void {
  try {
    images.setCurrent(image);
  } catch (error) {
    log.error('the current image can not be remembered', { error: describeError(error) });
    setTimeout(() => rememberCurrent(images, image, log), REMEMBER_AGAIN_MS).unref();
  }
}
