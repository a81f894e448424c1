import type { CurrentUpdateResponse, HostResponse } from '@luofleet/contracts';
import { describeHost, fleetStateOf } from '../state/tone';
import {
  filterFleet,
  matchesText,
  readFilter,
  selectorFault,
  toggleState,
  writeFilter,
} from './fleet.filter';
import { layOutMap, moveInMap } from './fleet-map.rows';

const host = (name: string, over: Partial<HostResponse> = {}): HostResponse => ({
  id: name,
  name,
  machineId: '',
  state: 'online',
  backend: 'engine',
  labels: { zone: 'a' },
  failureDomain: 'rack-1',
  runningVersion: '1.0.0',
  runningSha256: '',
  kernelRelease: '',
  agentVersion: '',
  bootId: '',
  incarnationId: '',
  handlers: [],
  capabilities: [],
  workloads: [],
  generation: 0,
  update: null,
  lastSeenAt: null,
  registeredAt: '2026-11-24T00:00:00.000Z',
  decommissionedAt: null,
  version: 1,
  ...over,
});
const updating = (
  state: CurrentUpdateResponse['state'],
  phase: CurrentUpdateResponse['phase'] = null,
): CurrentUpdateResponse => ({ id: 'u', rolloutId: 'r', rolloutName: 'to-1-1-0', state, phase });

describe('the state of a host in the fleet', () => {
  it('explains a silent host by its update, and shows an update that ended badly', () => {
    expect(
      fleetStateOf(host('a', { state: 'offline', update: updating('running', 'reboot') })),
    ).toBe('updating');
    expect(fleetStateOf(host('a', { update: updating('rolled-back', 'freeze') }))).toBe(
      'attention',
    );
    expect(fleetStateOf(host('a', { update: updating('held') }))).toBe('held');
    expect(fleetStateOf(host('a', { state: 'offline', update: updating('succeeded') }))).toBe(
      'offline',
    );
    expect(fleetStateOf(host('a', { update: updating('cancelled') }))).toBe('not-updated');
    expect(fleetStateOf(host('a', { state: 'offline', update: updating('cancelled') }))).toBe(
      'offline',
    );
    expect(fleetStateOf(host('a', { state: 'decommissioned', update: updating('lost') }))).toBe(
      'offline',
    );
  });

  it('is told in words', () => {
    expect(describeHost(host('a', { update: updating('running', 'freeze') }))).toBe(
      'running freeze',
    );
    expect(describeHost(host('a', { update: updating('failed', 'reboot') }))).toBe(
      'failed in reboot',
    );
    expect(describeHost(host('a', { update: updating('succeeded') }))).toBe('online');
  });
});

describe('the filter', () => {
  it('wants every word, in any field and case', () => {
    const db = host('db-7', { labels: { zone: 'b', role: 'db' }, failureDomain: 'Rack-9' });
    expect(matchesText(db, 'rack-9 ZONE=b')).toBe(true);
    expect(matchesText(db, 'rack-9 zone=a')).toBe(false);
    expect(matchesText(db, '  ')).toBe(true);
  });

  it('counts states over what the text matches, also those that are filtered out', () => {
    const hosts = [host('a-1'), host('a-2', { state: 'offline' }), host('b-1')];
    const { hosts: shown, countsByState } = filterFleet(hosts, {
      text: 'a-',
      selector: '',
      states: ['offline'],
    });
    expect(shown.map(({ name }) => name)).toEqual(['a-2']);
    expect(countsByState).toMatchObject({ online: 1, offline: 1 });
  });

  it('survives the address, and leaves other parts of it alone', () => {
    const filter = { text: 'x y', selector: 'zone in (a,b)', states: ['held', 'offline'] as const };
    const written = writeFilter(new URLSearchParams('view=list'), filter);
    expect(written.get('view')).toBe('list');
    expect(readFilter(new URLSearchParams(written.toString()))).toEqual(filter);
    const cleared = writeFilter(written, { text: '', selector: '', states: [] });
    expect(cleared.toString()).toBe('view=list');
    expect(readFilter(new URLSearchParams('state=held,nonsense')).states).toEqual(['held']);
  });

  it('toggles one state', () => {
    const none = { text: '', selector: '', states: [] };
    const held = toggleState(none, 'held');
    expect(held.states).toEqual(['held']);
    expect(toggleState(held, 'held').states).toEqual([]);
  });

  it('says where a selector is wrong', () => {
    expect(selectorFault('zone=a,role in (db,web)')).toBeNull();
    expect(selectorFault('zone in (')).toMatch(/^Position \d+: /);
  });
});

describe('the map', () => {
  const hosts = [
    host('host-10'),
    host('host-2'),
    host('host-1'),
    host('host-3', { failureDomain: 'rack-0' }),
  ];
  const rows = layOutMap(hosts, 2);

  it('puts hosts under their failure domain in natural order', () => {
    expect(
      rows.map((row) => (row.kind === 'domain' ? row.domain : row.hosts.map(({ name }) => name))),
    ).toEqual(['rack-0', ['host-3'], 'rack-1', ['host-1', 'host-2'], ['host-10']]);
  });

  it('moves over headings and stays inside', () => {
    const first = { row: 1, column: 0 };
    expect(moveInMap(rows, first, 'right')).toEqual({ row: 3, column: 0 });
    expect(moveInMap(rows, { row: 3, column: 1 }, 'down')).toEqual({ row: 4, column: 0 });
    expect(moveInMap(rows, { row: 3, column: 0 }, 'left')).toEqual(first);
    expect(moveInMap(rows, first, 'up')).toEqual(first);
    expect(moveInMap(rows, first, 'last')).toEqual({ row: 4, column: 0 });
    expect(moveInMap(rows, { row: -1, column: 0 }, 'first')).toEqual(first);
  });
});
