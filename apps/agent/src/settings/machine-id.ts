// What makes this machine itself in the eyes of the control plane, whatever it is called.
//
// Happy path: the configuration names it; else the previous kernel's agent handed it over; else it is made of a random
// value that is kept in the state directory and of /etc/machine-id. So neither machines that were cloned from one image
// (their /etc/machine-id is the same) nor a copy of a state directory on another machine count as this one.
// Unhappy paths: /etc/machine-id is missing, not set up yet, or made anew by each boot (systemd mounts it then): the
// kept value counts alone. A kept value that can not be read or written stops the start: guessing would be a new machine.
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface MachineIdSources {
  /** From the configuration; empty: not named there. */
  configured: string;
  /** From the previous kernel, through memory. */
  handedOver: string | undefined;
  stateDir: string;
  etcMachineId?: string;
  mountInfo?: string;
}

export function machineIdOf(sources: MachineIdSources): string {
  const { configured, handedOver, stateDir } = sources;
  if (configured !== '') return configured;
  if (handedOver) return handedOver;
  const kept = keptValue(path.join(stateDir, 'machine-id'));
  const own = installedMachineId(
    sources.etcMachineId ?? '/etc/machine-id',
    sources.mountInfo ?? '/proc/self/mountinfo',
  );
  return createHash('sha256').update(`${kept}\n${own}`).digest('hex').slice(0, 32);
}

/** Made at the first start; comes to its place only when it is on disk, so that it is there whole or not at all. */
function keptValue(file: string): string {
  const known = read(file).trim();
  if (known !== '') return known;
  const made = randomUUID();
  writeFileSync(`${file}.next`, `${made}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.next`, file);
  const directory = openSync(path.dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
  return made;
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
