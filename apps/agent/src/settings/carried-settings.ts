import { agentVersion } from '../agent-version';
import type { EarlyPart } from '../run/early-part';
import { SETTINGS_VERSION, type AgentSettings } from './agent-settings';

/**
 * Settings that a kernel's manifest brought; undefined unless they are what the configuration file means now: the same text
 * in the same place, read by the same version of the agent.
 */
export function carriedSettings(early: EarlyPart): AgentSettings | undefined {
  const { configuration, configFile } = early;
  const carried = carriedBy(early);
  const isSame =
    carried?.text === configuration &&
    carried.file === configFile &&
    carried.agentVersion === agentVersion;
  return isSame ? usable(carried.settings) : undefined;
}

/** What the previous kernel's agent ran with, for when the file can not be used; undefined where none came through. */
export function lastSettings(early: EarlyPart): AgentSettings | undefined {
  return usable(carriedBy(early)?.settings);
}

const carriedBy = ({ arrival }: EarlyPart) =>
  arrival?.found === 'handover' ? arrival.manifest.configuration : undefined;

const usable = (settings?: AgentSettings) =>
  settings?.version === SETTINGS_VERSION ? settings : undefined;
