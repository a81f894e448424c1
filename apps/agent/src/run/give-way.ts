// What the reboot tells the next image about the one before it, and how that one runs again.
//
// Happy path: the next image takes this out of its environment and never needs it.
// Unhappy paths: the next image can not go on, for whatever reason: it becomes the one before it by execve, which starts
// cold, with the settings that came along, and lets the old instances of the workloads serve. If even that is impossible the
// process ends with its reason, and what its supervisor starts does the same.
// Ordering: only until the take-over is true; from then on the new instances are the workloads, and serve without an agent.
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { closeDescriptor, execve, memfdCreate } from '@luofleet/linux';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import type { AgentSettings } from '../settings/agent-settings';
import { REDIRECTED } from './start-image';

/** Path of the image that a reboot started this one from. */
export const PREVIOUS_IMAGE = 'LUOFLEET_PREVIOUS_IMAGE';
/** Number of a memfd: the kernel takes 128 KiB in a variable, and settings may have more. */
const GAVE_WAY = 'LUOFLEET_GAVE_WAY';

/** What the image that could not go on says to the one before it. */
export interface GaveWay {
  why: string;
  /** Null where it never had them. */
  settings: AgentSettings | null;
}

/** Takes out of the environment what was meant for this process alone. */
export function takeFromEnvironment(): { previousImage: string | null; gaveWay: GaveWay | null } {
  const { [PREVIOUS_IMAGE]: previousImage = null, [GAVE_WAY]: fd } = process.env;
  delete process.env[PREVIOUS_IMAGE];
  delete process.env[GAVE_WAY];
  return { previousImage, gaveWay: fd === undefined ? null : readGaveWay(Number(fd)) };
}

function readGaveWay(fd: number): GaveWay {
  try {
    return JSON.parse(readFileSync(fd, 'utf8'), revive) as GaveWay;
  } finally {
    closeSync(fd);
  }
}

function writeGaveWay(gaveWay: GaveWay): number {
  const json = JSON.stringify(gaveWay, (_key, value: unknown) =>
    typeof value === 'bigint' ? { u64: value.toString() } : value,
  );
  const fd = memfdCreate('gave-way');
  // From its start, and without moving to its end: the next image reads from there.
  writeSync(fd, json, 0);
  return fd;
}

/** Does not return, unless the image before this one can not be started. */
export function giveWay(
  previousImage: string,
  programArguments: readonly string[],
  gaveWay: GaveWay,
  log: Pick<Log, 'error'>,
): void {
  log.error('this image can not go on; the one before it runs again', {
    ...{ previousImage, error: gaveWay.why },
  });
  let fd: number | null = null;
  try {
    fd = writeGaveWay(gaveWay);
    execve({
      path: process.execPath,
      argv: [process.execPath, ...process.execArgv, previousImage, ...programArguments],
      env: {
        ...process.env,
        [REDIRECTED]: '1',
        [GAVE_WAY]: String(fd),
      },
      keepFds: [fd],
    });
  } catch (error) {
    if (fd !== null) closeDescriptor(fd);
    log.error('the image before this one can not run either', { error: describeError(error) });
  }
}

const revive = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'u64' in value && typeof value.u64 === 'string'
    ? BigInt(value.u64)
    : value;
