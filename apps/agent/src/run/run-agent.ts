// One real host: puts journal, backend, workloads, executor and link together.
//
// Happy path, cold: settings, journal, current image, workload socket, recovery, workloads, link.
// Happy path after a reboot: settings come with the handover (or with the kernel's manifest, where the configuration file is
// still the same), then workload socket, retrieve, and only then the link: nothing of gRPC, YAML or schemas is loaded inside
// the blackout.
// Unhappy paths: a handover that can not be trusted, or an arrival that fails, gives way to the image before this one
// (give-way.ts); where there is none the process ends with its reason, once what lives on serves (leave-serving.ts). Settings or a journal that can not be used: foundation.ts.
// Ordering on SIGTERM: stop-in-order.ts.
import { randomUUID } from 'node:crypto';
import { closeSync, readFileSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execve } from '@luofleet/linux';
import { agentVersion, runningImagePath, sha256OfFile } from '../agent-version';
import type { HostBackend } from '../backend/host-backend';
import { readHandover } from '../backend/engine/handover-file';
import { ImageCache } from '../backend/engine/image-cache';
import { endWatch } from '../backend/engine/take-over-watch';
import { journalReason, reasonOfJournal } from '../journal/journal-reason';
import { PhaseExecutor } from '../commands/phase-executor';
import { Faults } from '../faults/faults';
import type { FileJournal } from '../journal/journal';
import type { ControlPlaneLink } from '../link/control-plane-link';
import { createLog, type Log } from '../log';
import { describeError } from '../model/reason';
import type { AgentSettings } from '../settings/agent-settings';
import { keepReaping } from '../workloads/reaper';
import { WorkloadApi } from '../workloads/workload-api';
import { WorkloadProblem } from '../workloads/workload-problem';
import { WorkloadSupervisor } from '../workloads/workload-supervisor';
import type { EarlyPart } from './early-part';
import { machineIdInTime, machineIdOf, type MachineIdSources } from '../settings/machine-id';
import { layFoundation, type Foundation } from './foundation';
import { giveWay, takeFromEnvironment, type GaveWay } from './give-way';
import { leaveServing } from './leave-serving';
import { clearSocketPath, handOnLocks, takeBackLocks } from './ownership';
import { becomeCurrentImage, rememberCurrent } from './start-image';
import { stopOnSignal } from './stop-in-order';

const HANDOVER_FD = 'LUOFLEET_HANDOVER_FD';
const SOCKET_RETRY_MS = 2_000;

export async function runAgent(configFile: string, early: EarlyPart): Promise<void> {
  keepReaping();
  const log = createLog({ version: agentVersion, pid: process.pid });
  const programArguments = ['run', '--config', configFile];
  const { previousImage, gaveWay } = takeFromEnvironment();
  const handover = takeHandover(previousImage, programArguments, log);
  // Whatever runs cold takes over nothing; the alarm was meant for an image that gave way to it.
  if (handover === null) endWatch();
  const start: Start = {
    ...{ early, handover, gaveWay, programArguments, log },
    ...{ hasTakenOver: false, foundation: null, closeSocket: () => undefined },
    lastLook: () => Promise.resolve(false),
  };
  try {
    await Promise.race([startAgent(start), nothingLeft()]);
  } catch (error) {
    if (await start.lastLook()) {
      log.error('the start has failed, and the agent is told to stop', {
        error: describeError(error),
      });
      return;
    }
    if (previousImage !== null && !start.hasTakenOver) {
      const settings = handover?.manifest.settings ?? null;
      giveWay(previousImage, programArguments, { why: describeError(error), settings }, log);
    }
    if (!start.hasTakenOver && start.foundation !== null) {
      start.closeSocket();
      log.error('the start has failed', { error: describeError(error) });
      await leaveServing(start.foundation, log);
    }
    throw error;
  }
}

/** Rejects when nothing is left that could bring what the start waits for: it would end without a word, as if all was well. */
const nothingLeft = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    const error = new Error('the start waits for something that never comes');
    process.once('beforeExit', () => reject(error));
  });

interface Start {
  early: EarlyPart;
  handover: ReturnType<typeof readHandover> | null;
  gaveWay: GaveWay | null;
  programArguments: string[];
  log: Log;
  /** The new instances are the workloads, or nothing was to be taken over. */
  hasTakenOver: boolean;
  /** Null before there is one, and nothing is owned. */
  foundation: Foundation | null;
  closeSocket(): void;
  /** Whether a stop is under way (stop-in-order.ts). */
  lastLook(): Promise<boolean>;
}

async function startAgent(begun: Start): Promise<void> {
  const { early, handover, gaveWay, programArguments, log } = begun;
  const handedOver = handover?.manifest.settings ?? gaveWay?.settings ?? undefined;
  const foundation = await layFoundation(early, handedOver, log);
  const { settings, journal, kernel } = foundation;
  begun.foundation = foundation;
  // A take-over that can never be written down would be undone by the next start; better now, while nobody serves twice.
  if (handover !== null && !journal.isWhole) throw journal.problem as Error;
  const images = new ImageCache(settings);
  // Only the engine backend is about images, and reading one takes long inside a blackout.
  const ownSha256 =
    handover?.manifest.imageSha256 ?? (kernel === null ? sha256OfFile(runningImagePath) : '');
  const start = { images, journal: journal.state, log, ownSha256, programArguments };
  if (handover === null && kernel === null) becomeCurrentImage(start);

  const incarnationId = randomUUID();
  const sources = {
    configured: settings.machineId ?? '',
    handedOver:
      kernel?.arrival.found === 'handover' ? kernel.arrival.manifest.machineId : undefined,
    stateDir: settings.stateDir,
    log,
  };
  let machineId = machineIdIfKnown(sources);
  const hostLog = log.child({ host: settings.hostName });
  const faults = new Faults(settings.faults, path.join(settings.stateDir, 'faults.json'));
  const finishHold = (workload: string) => journal.state.finishHolds.get(workload);
  const supervisor: WorkloadSupervisor = new WorkloadSupervisor({
    settings,
    incarnationId,
    log: hostLog,
    heldFor: (workload) => backend.heldFor(workload),
    finishHold,
  });
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const common = { settings, supervisor, faults, log: hostLog, finishHold, bootId };
  const backend: HostBackend =
    kernel !== null
      ? kernel.module.openKernelBackend({
          ...{ ...common, journal, incarnationId, machineId: () => machineId },
          ...{ arrival: kernel.arrival, configuration: kernel.configuration },
        })
      : new (await import('../backend/engine/engine.backend')).EngineBackend({
          ...{ ...common, images, programArguments, handover, kernelRelease: kernelRelease() },
          ...{ handOn: handOnLocks, takeBack: takeBackLocks },
          running: { version: agentVersion, sha256: ownSha256 },
        });
  const api = new WorkloadApi({
    ...{ socket: settings.socket, supervisor, log: hostLog, finishHold },
    isPreserved: (workload, token) => backend.isPreserved(workload, token),
    setFinishHold: (workload, reason) => {
      const error = executor.holdFinish(workload, reason);
      if (error === null) return;
      const detail = reasonOfJournal(error).detail;
      throw new WorkloadProblem(503, 'HOLD_NOT_STORED', 'The hold can not be stored', detail);
    },
    status: () => statusOf(settings, backend, journal, incarnationId),
  });
  begun.closeSocket = () => api.close();
  let link: ControlPlaneLink | null = null;
  const executor: PhaseExecutor = new PhaseExecutor({
    ...{ journal, backend, faults, log: hostLog, incarnationId },
    frozenLimitMs: settings.frozenLimitMs,
    nextImageSaid: gaveWay?.why ?? '',
    onAccepted: (key) => link?.accepted(key),
    onResult: (result) => link?.result(result),
    lastLook: () => begun.lastLook(),
    onTookOver: () => {
      if (kernel !== null) return;
      const image = { path: runningImagePath, sha256: ownSha256, version: agentVersion };
      rememberCurrent(images, image, hostLog);
    },
  });
  begun.lastLook = stopOnSignal(hostLog, settings.stopTimeoutMs, {
    closeLink: () => link?.close(),
    closeExecutor: (graceMs) => executor.close(graceMs),
    stopWorkloads: () => backend.stop(),
    closeRest: () => {
      api.close();
      journal.close();
    },
  });
  const holds = kernel?.arrival.found === 'handover';
  await openSocket(api, settings.socket, holds, hostLog);
  await executor.open();
  begun.hasTakenOver = true;
  // Workloads serve, with or without a link.
  machineId ||= await machineIdInTime(sources);
  const { openLink } = await import('./open-link');
  link = openLink({ settings, backend, executor, journal, incarnationId, machineId, log: hostLog });
}

/** Whoever holds what the previous kernel handed over must not end, so it tries until somebody has mended it. */
async function openSocket(
  api: WorkloadApi,
  socket: string,
  holds: boolean,
  log: Log,
): Promise<void> {
  for (;;) {
    try {
      await clearSocketPath(socket);
      return await api.open();
    } catch (error) {
      if (!holds) throw error;
      log.error('no workload socket; trying again', { error: describeError(error) });
    }
    await delay(SOCKET_RETRY_MS);
  }
}

/** Empty where it has to be tried again. */
function machineIdIfKnown(sources: MachineIdSources): string {
  try {
    return machineIdOf(sources);
  } catch {
    return '';
  }
}

/**
 * What the previous runtime handed over. One that can not be used makes the previous image start cold, by one more execve:
 * nobody knows which descriptors came along, and open they would keep ports from the workloads.
 */
function takeHandover(
  previousImage: string | null,
  programArguments: readonly string[],
  log: Log,
): ReturnType<typeof readHandover> | null {
  const value = process.env[HANDOVER_FD];
  delete process.env[HANDOVER_FD];
  if (value === undefined) return null;
  try {
    const handover = readHandover(Number(value));
    closeSync(Number(value));
    return handover;
  } catch (error) {
    const why = describeError(error);
    if (previousImage !== null)
      giveWay(previousImage, programArguments, { why, settings: null }, log);
    log.error('handover refused; starting cold', { error: why });
    execve({
      path: process.execPath,
      argv: [process.execPath, ...process.execArgv, runningImagePath, ...programArguments],
      env: process.env,
    });
  }
}

function statusOf(
  settings: AgentSettings,
  backend: HostBackend,
  journal: FileJournal,
  incarnationId: string,
): object {
  const commands = [...journal.state.commands.values()];
  return {
    hostName: settings.hostName,
    ...{ pid: process.pid, incarnationId, running: backend.running, frozen: backend.isFrozen() },
    generation: String(journal.state.generation),
    problem: journalReason(journal),
    commands: commands.map((entry) => ({
      key: entry.command.key,
      phase: entry.command.phase,
      state: entry.state,
      outcome: entry.state === 'finished' ? entry.result.outcome : null,
      reason: entry.state === 'finished' ? entry.result.reason : null,
      recorded: entry.state === 'finished' && entry.recorded,
    })),
  };
}
