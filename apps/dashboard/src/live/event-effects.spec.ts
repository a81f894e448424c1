import type { EventResponse, HostResponse, HostUpdateResponse } from '@luofleet/contracts';
import { RECENT_EVENTS_MAX } from '../api/queries';
import {
  digestEvents,
  isTouched,
  listsWithNewcomers,
  mergeEvents,
  type CachedAnswer,
} from './event-effects';

const event = (over: Partial<EventResponse>): EventResponse => ({
  sequence: 1,
  at: '2026-11-24T00:00:00.000Z',
  kind: 'host-update-running',
  rolloutId: 'r1',
  hostId: 'h1',
  hostUpdateId: 'u1',
  reasonCode: '',
  message: '',
  data: {},
  ...over,
});

const update = (id: string): HostUpdateResponse =>
  ({ id, state: 'pending', phase: null, hostId: `h-of-${id}` }) as HostUpdateResponse;
const hostWith = (id: string, updateId: string): HostResponse =>
  ({ id, update: { id: updateId, state: 'pending', phase: null } }) as HostResponse;
const pageOf = (key: readonly unknown[], ...items: { id: string }[]): CachedAnswer => ({
  key,
  data: { items, nextCursor: null },
});

describe('what events touch', () => {
  const ofUpdate = digestEvents([event({})]);

  it('touches only the pages that show the host update', () => {
    expect(isTouched(pageOf(['updates', 'r1', null], update('u1')), ofUpdate)).toBe(true);
    expect(isTouched(pageOf(['updates', 'r1', 'c2'], update('u2')), ofUpdate)).toBe(false);
    expect(isTouched(pageOf(['hosts', '', null], { id: 'h1' }), ofUpdate)).toBe(true);
    expect(isTouched(pageOf(['hosts', '', 'c2'], { id: 'h2' }), ofUpdate)).toBe(false);
  });

  it('touches the rollout and the host by id, also when they were asked for by name', () => {
    expect(isTouched({ key: ['rollout', 'to-1'], data: { id: 'r1' } }, ofUpdate)).toBe(true);
    expect(isTouched({ key: ['rollout', 'to-2'], data: { id: 'r2' } }, ofUpdate)).toBe(false);
    expect(isTouched({ key: ['host', 'host-1'], data: { id: 'h1' } }, ofUpdate)).toBe(true);
    expect(isTouched({ key: ['host-sessions', 'h1'], data: undefined }, ofUpdate)).toBe(true);
    expect(isTouched({ key: ['host-sessions', 'h2'], data: undefined }, ofUpdate)).toBe(false);
  });

  it('touches every page of host updates when the rollout itself changes', () => {
    const ofRollout = digestEvents([
      event({ kind: 'rollout-aborting', hostId: null, hostUpdateId: null }),
    ]);
    expect(isTouched(pageOf(['updates', 'r1', 'c2'], update('u2')), ofRollout)).toBe(true);
    expect(isTouched(pageOf(['updates', 'r2', null], update('u3')), ofRollout)).toBe(false);
  });

  it('looks again for a thing that was not there only when a new one may have come', () => {
    const missing = { key: ['host', 'host-9'], data: undefined };
    const registered = digestEvents([
      event({ kind: 'host-registered', rolloutId: null, hostUpdateId: null }),
    ]);
    expect(isTouched(missing, ofUpdate)).toBe(false);
    expect(isTouched(missing, registered)).toBe(true);
  });

  it('touches releases when one is registered', () => {
    const registered = digestEvents([
      event({
        ...{ kind: 'release-registered', data: { releaseId: 'x', version: '1' } },
        ...{ rolloutId: null, hostId: null, hostUpdateId: null },
      }),
    ]);
    const releases = pageOf(['releases', null], { id: 'x' });
    expect(isTouched(releases, registered)).toBe(true);
    expect(isTouched(releases, ofUpdate)).toBe(false);
  });

  it('finds lists that miss a host or rollout, judged over all their pages', () => {
    const pages = [
      pageOf(['hosts', '', null], { id: 'h1' }),
      pageOf(['hosts', '', 'c2'], { id: 'h2' }),
      pageOf(['rollouts', null], { id: 'r0' }),
    ];
    const online = (hostId: string) =>
      digestEvents([event({ kind: 'host-online', rolloutId: null, hostUpdateId: null, hostId })]);
    expect(listsWithNewcomers(pages, online('h2'))).toEqual([]);
    expect(listsWithNewcomers(pages, online('h3'))).toEqual(pages.slice(0, 2));
    expect(listsWithNewcomers(pages, ofUpdate)).toEqual(pages.slice(2));
  });
});

const running = (phase: string): EventResponse['data'] => ({
  ...{ hostName: 'h1', state: 'running', phase, attempt: 1, actor: 'planner' },
});

describe('merging events', () => {
  const moved = digestEvents([
    event({ sequence: 1, data: running('preflight') }),
    event({ sequence: 2, data: running('freeze') }),
  ]);

  it('writes the newest state of a host update into pages that show it', () => {
    const before = pageOf(['updates', 'r1', null], update('u1'), update('u2'));
    expect(mergeEvents(before, moved)).toMatchObject({
      items: [{ id: 'u1', state: 'running', phase: 'freeze' }, { state: 'pending' }],
    });
    const hosts = pageOf(['hosts', '', null], hostWith('h1', 'u1'), hostWith('h2', 'u2'));
    expect(mergeEvents(hosts, moved)).toMatchObject({
      items: [{ update: { state: 'running', phase: 'freeze' } }, { update: { state: 'pending' } }],
    });
  });

  it('gives back the same object when nothing changes, so that nothing is drawn again', () => {
    const other = pageOf(['updates', 'r1', null], update('u9'));
    expect(mergeEvents(other, moved)).toBe(other.data);
    const summary = { key: ['summary'], data: {} };
    expect(mergeEvents(summary, moved)).toBe(summary.data);
  });

  it('does not write an older update of the host over the newest', () => {
    const host = { key: ['host', 'host-1'], data: hostWith('h1', 'newer') };
    expect(mergeEvents(host, moved)).toBe(host.data);
  });

  it('ignores a state it does not know', () => {
    const strange = digestEvents([event({ data: { ...running('freeze'), state: 'dancing' } })]);
    const before = pageOf(['updates', 'r1', null], update('u1'));
    expect(mergeEvents(before, strange)).toBe(before.data);
  });

  it('appends events once, to what they are about, and keeps the newest', () => {
    const known = Array.from({ length: RECENT_EVENTS_MAX }, (_, index) =>
      event({ sequence: index + 1 }),
    );
    const digest = digestEvents([
      event({ sequence: RECENT_EVENTS_MAX }),
      event({ sequence: RECENT_EVENTS_MAX + 1 }),
      event({ sequence: RECENT_EVENTS_MAX + 2, hostId: 'h2' }),
    ]);
    const merged = mergeEvents({ key: ['events', 'host', 'h1'], data: known }, digest);
    const sequences = (merged as EventResponse[]).map(({ sequence }) => sequence);
    expect(sequences).toHaveLength(RECENT_EVENTS_MAX);
    expect(sequences[0]).toBe(2);
    expect(sequences.at(-1)).toBe(RECENT_EVENTS_MAX + 1);
  });
});
