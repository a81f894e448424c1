// What makes this machine itself in the eyes of the control plane, whatever it is called.
//
// Happy path: the configuration names it; else the previous kernel's agent handed it over; else it is made of a random
// value that is kept in the state directory and of the /etc/machine-id that was there when the value was made. So neither
// machines that were cloned from one image (their /etc/machine-id is the same) nor a copy of a state directory on another
// machine count as this one.
// Unhappy paths: /etc/machine-id is missing, not set up yet, or made anew by each boot (systemd mounts it then): it says
// nothing then. An id that comes to a machine which had none, or goes away, does not make it another machine; one id after
// another does, and the log says how to stay the same. A kept value that can not be read or written is tried again, and
// there is no link before: guessing would be a new machine. What was in /etc is kept in a file of its own, so that older agents read the value.
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log';

export interface MachineIdSources {
  /** From the configuration; empty: not named there. */
  configured: string;
  /** From the previous kernel, through memory. */
  handedOver: string | undefined;
  stateDir: string;
  etcMachineId?: string;
  mountInfo?: string;
  log?: Pick<Log, 'warn'>;
}

export function machineIdOf(sources: MachineIdSources): string {
  const { configured, handedOver, stateDir, log } = sources;
  if (configured !== '') return configured;
  if (handedOver) return handedOver;
  const kept = keptValue(path.join(stateDir, 'machine-id'));
  const now = installedMachineId(
    sources.etcMachineId ?? '/etc/machine-id',
    sources.mountInfo ?? '/proc/self/mountinfo',
  );
  const digest = (system: string) =>
    createHash('sha256').update(`${kept}\n${system}`).digest('hex').slice(0, 32);
  const { used, seen } = systemIds(path.join(stateDir, 'machine-id.system'), now);
  if (now === '' || now === seen) return digest(used);
  const [before, after] = [digest(used), digest(now)];
  log?.warn('/etc/machine-id is another one: this counts as another machine', {
    ...{ before, after },
    hint: `if it is the machine of before, and no copy of it, set machineId: ${before}`,
  });
  return after;
}

/** Tries until the disk has room, or whatever is wrong is mended. Workloads serve meanwhile: they need no machine id. */
export async function machineIdInTime(
  sources: MachineIdSources & { log: Pick<Log, 'warn' | 'error'> },
  retryMs = 5000,
): Promise<string> {
  for (;;) {
    try {
      return machineIdOf(sources);
    } catch (error) {
      const { message } = error as Error;
      sources.log.error('no machine id, so no link; trying again', { error: message });
    }
    await delay(retryMs);
  }
}

/** Made at the first start. */
function keptValue(file: string): string {
  const known = read(file).trim();
  if (known !== '') return known;
  const made = randomUUID();
  replace(file, `${made}\n`);
  return made;
}

/** The id out of /etc that went into the machine's id, and the first that was seen there; both empty where there was none. */
function systemIds(file: string, now: string): { used: string; seen: string } {
  const text = read(file);
  const [used = '', seen = ''] = text === '' ? [now] : text.split('\n');
  const known = { used, seen: seen || now };
  const next = `${known.used}\n${known.seen}\n`;
  try {
    if (next !== text) replace(file, next);
  } catch {
    // A full disk: the id is the same without it, and the next start writes it.
  }
  return known;
}

/** Comes to its place only when it is on disk, so that it is there whole or not at all. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.next`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.next`, file);
  const directory = openSync(path.dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function installedMachineId(file: string, mountInfo: string): string {
  const isMadeAnew = read(mountInfo)
    .split('\n')
    .some((line) => line.split(' ')[4] === file);
  const id = isMadeAnew ? '' : read(file).trim();
  return /^[0-9a-f]{32}$/.test(id) ? id : '';
}

/** Empty where there is no such file. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
