import type { LiveUpdateSession } from '@luofleet/linux';
import type { KernelArrival } from '../backend/kernel/kernel-arrival';
import type { KernelManifest } from '../backend/kernel/kernel-manifest';
import { carriedSettings } from './carried-settings';
import { parseSettings } from './parse-settings';

const text = JSON.stringify({
  hostName: 'h',
  controlPlane: 'c:1',
  backend: 'kernel',
  stateDir: '/s',
});
const settings = parseSettings(text, '/etc/agent.json');

function arrivalWith(configuration: KernelManifest['configuration']): KernelArrival {
  const manifest: KernelManifest = {
    ...{ key: 'hu/reboot/1', fromRelease: '7.3.4', imageSha256: '', frozenAtMs: 1, journal: '' },
    ...{ sessions: [], leftBehind: [], configuration },
  };
  const mark = { hostUpdateId: 'hu', attempt: 1, generation: 1n };
  const own = {} as LiveUpdateSession;
  return { found: 'handover', mark, manifest, own, retrieved: [] };
}

describe('carriedSettings', () => {
  it('spares parsing a file that has not changed', () => {
    const arrival = arrivalWith({ text, settings });
    expect(carriedSettings({ configuration: text, arrival })).toEqual(settings);
  });

  it.each<[string, string | null, KernelManifest['configuration']]>([
    ['the file has changed', `${text} `, { text, settings }],
    ['the file can not be read', null, { text: '', settings }],
    ['another layout was carried', text, { text, settings: { ...settings, version: 0 } }],
    ['an earlier agent carried none', text, undefined],
  ])('does not count when %s', (_when, configuration, carried) => {
    const arrival = arrivalWith(carried);
    expect(carriedSettings({ configuration, arrival })).toBeUndefined();
  });

  it('does not count without a handover', () => {
    expect(
      carriedSettings({ configuration: text, arrival: { found: 'no-update' } }),
    ).toBeUndefined();
    expect(carriedSettings({ configuration: text, arrival: null })).toBeUndefined();
  });
});
