// What an agent can not start without: settings, its directory, the arrival in this kernel, the journal.
//
// Happy path: settings come with the handover, or from the configuration file, and the journal opens.
// Unhappy paths: what can not be used ends the process with one message, as long as it holds nothing. Once it holds what
// the previous kernel handed over it must not end, because that ends the sessions: a configuration that can not be used is
// replaced by the one the previous agent ran with, and everything else is tried again until somebody has mended it.
// A journal that can not be used is told by the journal itself and stops nothing.
// Ordering: state directory and socket are this process's own before anything is written; the journal is opened with the one
// that the arrival brought.
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelArrival } from '../backend/kernel/kernel-arrival';
import { FileJournal } from '../journal/journal';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import { SETTINGS_VERSION, type AgentSettings } from '../settings/agent-settings';
import { carriedSettings, lastSettings } from '../settings/carried-settings';
import { arrive, type EarlyPart } from './early-part';
import { takeOwnership } from './ownership';

const RETRY_MS = 2_000;

export interface Foundation {
  settings: AgentSettings;
  journal: FileJournal;
  /** Null unless the host's backend is `kernel`. */
  kernel: {
    module: typeof import('../backend/kernel/open-kernel-backend');
    arrival: KernelArrival;
    configuration: { text: string; file: string };
  } | null;
}

/** `handedOver`: settings that came through an execve. Throws while nothing is held; see above. */
export async function layFoundation(
  early: EarlyPart,
  handedOver: AgentSettings | undefined,
  log: Pick<Log, 'error'>,
  retryMs = RETRY_MS,
): Promise<Foundation> {
  for (;;) {
    try {
      return await lay(early, handedOver, log);
    } catch (error) {
      if (early.arrival?.found !== 'handover') throw error;
      const held = early.arrival.manifest.sessions.map(({ name }) => name);
      log.error('can not start; holding what was handed over and trying again', {
        error: describeError(error),
        sessions: held,
      });
    }
    await delay(retryMs);
  }
}

async function lay(
  early: EarlyPart,
  handedOver: AgentSettings | undefined,
  log: Pick<Log, 'error'>,
): Promise<Foundation> {
  const { settings, text } = await findSettings(early, handedOver, log);
  takeOwnership(settings, log);
  const journalFile = path.join(settings.stateDir, 'journal.log');
  if (settings.backend !== 'kernel') {
    return { settings, journal: FileJournal.open(journalFile), kernel: null };
  }
  const module = await import('../backend/kernel/open-kernel-backend');
  early.arrival ??= await arrive(early.record);
  const { arrival, configFile: file } = early;
  const carried = arrival.found === 'handover' ? arrival.manifest : null;
  const journal = FileJournal.open(journalFile, carried);
  return { settings, journal, kernel: { module, arrival, configuration: { text, file } } };
}

/** `text` is what the settings were read from; empty where they come from elsewhere. */
async function findSettings(
  early: EarlyPart,
  handedOver: AgentSettings | undefined,
  log: Pick<Log, 'error'>,
): Promise<{ settings: AgentSettings; text: string }> {
  const { configuration } = early;
  const carried = handedOver ?? carriedSettings(early);
  if (carried?.version === SETTINGS_VERSION)
    return { settings: carried, text: configuration ?? '' };
  try {
    const { readSettings } = await import('../settings/parse-settings');
    return { settings: readSettings(early.configFile), text: configuration ?? '' };
  } catch (error) {
    const last = lastSettings(early);
    if (last === undefined) throw error;
    log.error('the configuration can not be used; going on with that of the previous kernel', {
      error: describeError(error),
    });
    return { settings: last, text: '' };
  }
}
