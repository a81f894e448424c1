import type { EarlyPart } from '../run/early-part';
import { SETTINGS_VERSION, type AgentSettings } from './agent-settings';

/**
 * Settings that a kernel's manifest brought; undefined unless they are what the configuration file means now: the same text,
 * read by an agent with the same layout of settings.
 */
export function carriedSettings({ configuration, arrival }: EarlyPart): AgentSettings | undefined {
  const carried = arrival?.found === 'handover' ? arrival.manifest.configuration : undefined;
  if (carried === undefined || carried.text !== configuration) return undefined;
  return carried.settings.version === SETTINGS_VERSION ? carried.settings : undefined;
}
