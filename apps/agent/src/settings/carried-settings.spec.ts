import type { LiveUpdateSession } from '@luofleet/linux';
import { agentVersion } from '../agent-version';
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
  return { found: 'handover', mark, manifest, own, retrieved: [], by: 'agent' };
}

const configFile = '/etc/agent.json';
const early = { configFile, record: null };
const whole = { text, file: configFile, agentVersion, settings };

describe('carriedSettings', () => {
  it('spares parsing a file that has not changed', () => {
    const arrival = arrivalWith(whole);
    expect(carriedSettings({ ...early, configuration: text, arrival })).toEqual(settings);
  });

  it.each<[string, string | null, KernelManifest['configuration']]>([
    ['the file has changed', `${text} `, whole],
    ['the file can not be read', null, { ...whole, text: '' }],
    ['the file lies elsewhere', text, { ...whole, file: '/opt/agent.json' }],
    ['another agent read it', text, { ...whole, agentVersion: '0.9.0' }],
    ['another layout was carried', text, { ...whole, settings: { ...settings, version: 0 } }],
    ['an earlier agent carried none', text, undefined],
  ])('does not count when %s', (_when, configuration, carried) => {
    const arrival = arrivalWith(carried);
    expect(carriedSettings({ ...early, configuration, arrival })).toBeUndefined();
  });

  it.each<[string, KernelArrival | null]>([
    ['no update', { found: 'no-update' }],
    ['nobody looked', null],
  ])('does not count without a handover (%s)', (_what, arrival) => {
    expect(carriedSettings({ ...early, configuration: text, arrival })).toBeUndefined();
  });
});
