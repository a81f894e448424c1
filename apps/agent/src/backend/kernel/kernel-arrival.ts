// What a kernel that was booted by a live update finds, before anything else of the agent is opened or even loaded.
//
// Happy path: the mark on the command line says which update it was; the own session has the manifest, which names the
// workloads' sessions, and all their files are taken out, or have been by the program in front (arrival-record.ts). Later the
// manifest's journal goes on, unless the disk kept one that knows of this reboot.
// Unhappy paths, exactly one each: no device, device must reboot (EIO), own session missing, manifest that can not be
// retrieved (the errno stays for this boot, D2) or read. All mean that the state is lost, unless this boot has arrived
// before and the agent only was restarted; the journal tells.
// Ordering: before the journal is opened, in which no entry could help here: what an agent that dies has retrieved is lost
// with or without one, the kernel gives nothing twice, and no workload is touched. The device is held from the first session
// to the last, so that nobody else takes one.
import {
  closeDescriptor,
  isLinuxError,
  type LiveUpdateDevice,
  type LiveUpdateSession,
} from '@luofleet/linux';
import type { Journal } from '../../journal/journal';
import type { AgentCommand } from '../../model/command';
import { describeError, reasonOf, type Reason } from '../../model/reason';
import { handoverSource, type ArrivalRecord, type HandoverSource } from './arrival-record';
import { readMark, rebootKey, runningCommandLine, type BootMark } from './command-line';
import { ARRIVAL_BUSY_LIMIT_MS, deviceReason, openDevice } from './kernel-device';
import { readManifest, type KernelManifest } from './kernel-manifest';
import { MANIFEST_TOKEN, OWN_SESSION } from './own-session';
import { retrieveSessions, type RetrievedSession } from './retrieve-sessions';

export type KernelArrival =
  | { found: 'no-update' }
  | {
      found: 'handover';
      mark: BootMark;
      manifest: KernelManifest;
      own: LiveUpdateSession;
      retrieved: RetrievedSession[];
      /** By the native program in front of this process, or by the process itself. */
      by: 'arrive' | 'agent';
    }
  | { found: 'nothing'; mark: BootMark; reason: Reason };

/**
 * Looks at how this kernel was booted, and takes everything that was handed over. Once in a process. `record` is what the
 * program in front has taken already.
 */
export async function arriveInKernel(record: ArrivalRecord | null): Promise<KernelArrival> {
  const mark = readMark(runningCommandLine());
  if (mark === null) return { found: 'no-update' };
  const by = record?.isWhole ? 'arrive' : 'agent';
  let device: LiveUpdateDevice | null = null;
  try {
    if (by === 'agent') device = await openDevice(undefined, undefined, ARRIVAL_BUSY_LIMIT_MS);
  } catch (error) {
    return { found: 'nothing', mark, reason: deviceReason(error) };
  }
  const source = handoverSource(record, device);
  try {
    const found = retrieveManifest(source);
    if ('code' in found) return { found: 'nothing', mark, reason: found };
    const retrieved = retrieveSessions(source, found.manifest.sessions);
    return { found: 'handover', mark, retrieved, by, ...found };
  } finally {
    device?.close();
  }
}

function retrieveManifest(
  source: HandoverSource,
): { manifest: KernelManifest; own: LiveUpdateSession } | Reason {
  const subject = `session ${OWN_SESSION}`;
  let own: LiveUpdateSession;
  try {
    own = source.retrieveSession(OWN_SESSION);
  } catch (cause) {
    const detail = isLinuxError(cause, 'ENOENT')
      ? 'the previous kernel handed over no session of this agent'
      : `the session of this agent can not be retrieved: ${describeError(cause)}`;
    return reasonOf('SESSIONS_GONE', detail, { subject, cause });
  }
  try {
    const fd = source.retrieveFd(own, OWN_SESSION, MANIFEST_TOKEN);
    try {
      return { manifest: readManifest(fd), own };
    } finally {
      closeDescriptor(fd);
    }
  } catch (cause) {
    own.close();
    return reasonOf('MANIFEST_UNREADABLE', describeError(cause), { subject, cause });
  }
}

/**
 * Whether this boot's live update was concluded already: then the agent only was restarted. Nothing of a newer generation
 * is accepted before; and a compacted journal has forgotten the older ones.
 */
export const isConcluded = ({ state }: Journal, mark: BootMark): boolean =>
  state.generation > mark.generation || state.commands.get(rebootKey(mark))?.state === 'finished';

/** A host that lost everything, its journal too, still owes the answer to the reboot that its command line tells of. */
export function rememberReboot(journal: Journal, mark: BootMark, incarnationId: string): void {
  const key = rebootKey(mark);
  if (journal.state.commands.has(key)) return;
  const { hostUpdateId, attempt, generation } = mark;
  const command: AgentCommand = {
    ...{ key, hostUpdateId, attempt, generation, phase: 'reboot', rolloutId: '', afterKey: '' },
    ...{ timeoutMs: 0, soakMs: 0, release: null },
  };
  journal.owe(
    { kind: 'accepted', command },
    { kind: 'started', key, atMs: Date.now(), incarnationId },
  );
}
