// Which runtime image runs. A supervisor may start any version: it goes on as the current one by execve.
import { execve } from '@luofleet/linux';
import { agentVersion, runningImagePath, sha256OfFile } from '../agent-version';
import type { ImageCache } from '../backend/engine/image-cache';
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
const REDIRECTED = 'LUOFLEET_REDIRECTED';

/** Returns when this image is the one to run; otherwise does not return. */
export function becomeCurrentImage(options: StartImageOptions): void {
  const { images, journal, log, ownSha256, programArguments } = options;
  const redirected = process.env[REDIRECTED] !== undefined;
  delete process.env[REDIRECTED];
  const { crossing } = journal;
  // The take-over is in the journal before `current` says so; an agent killed in between makes up for it here.
  if (crossing?.retrieved && images.current()?.sha256 !== crossing.imageSha256) {
    const { imageSha256: sha256, toVersion: version } = crossing;
    images.setCurrent({ path: images.pathOf(sha256), sha256, version });
  }
  const current = images.current();
  if (current === null) {
    images.setCurrent({ path: runningImagePath, sha256: ownSha256, version: agentVersion });
    return;
  }
  if (current.sha256 === ownSha256 || redirected) return;
  try {
    const found = sha256OfFile(current.path);
    if (found !== current.sha256) throw new Error(`its sha256 is ${found}`);
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
