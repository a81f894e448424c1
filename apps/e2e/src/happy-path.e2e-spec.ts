import { EchoClient } from './harness/echo.client';
import { Fleet } from './harness/fleet.harness';

describe('a rollout over real agents', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start({ hosts: 3 });
  });
  afterAll(async () => fleet?.stop());

  it('updates every host; data stay, clients see no refused connection, the record is true', async () => {
    const before = new Map<string, string>();
    const pids = new Map<string, number>();
    for (const host of fleet.hosts) {
      for (let index = 0; index < 20; index += 1)
        await host.kv.put(`key-${index}`, `value ${index} of ${host.name}`);
      before.set(host.name, await host.kv.hash());
      pids.set(host.name, host.agent.pid);
    }
    const clients = fleet.hosts.map((host) => new EchoClient(host.echoPort));

    const id = await fleet.applyRollout({ waves: [1, '50%'], maxConcurrent: 2 });
    const rollout = await fleet.waitForRollout(id, ['succeeded', 'failed', 'paused']);

    const tallies = await Promise.all(clients.map(async (client) => client.stop()));
    for (const tally of tallies) {
      expect(tally.refused).toBe(0);
      expect(tally.otherErrors).toEqual([]);
      expect(tally.answered).toBeGreaterThan(0);
    }
    expect(rollout.state).toBe('succeeded');
    expect(rollout.hosts).toMatchObject({ total: 3, byState: { succeeded: 3 } });
    expect(rollout.blackoutMs.max).toBeGreaterThan(0);

    for (const host of fleet.hosts) {
      expect(await host.kv.hash()).toBe(before.get(host.name));
      expect(await host.kv.get('key-7')).toBe(`value 7 of ${host.name}`);
      // execve: the same process runs the next image.
      expect(host.agent.running).toBe(true);
      expect(host.agent.pid).toBe(pids.get(host.name));
      const record = await fleet.rest.get(`/hosts/${host.name}`);
      expect(record.runningVersion).toBe('1.1.0');
    }

    const files = await fleet.rest.all(`/files?rollout=${id}`);
    // Per host: the store's memory and its listening socket, the echo server's listening socket.
    expect(files).toHaveLength(9);
    for (const file of files) {
      expect(file.state).toBe('finished');
      expect(file.token).toMatch(/^0x[0-9a-f]+$/);
    }
    const sessions = await fleet.rest.all(`/sessions?rollout=${id}`);
    expect(sessions.map((session) => session.state)).toEqual(Array(6).fill('finished'));
  });

  it('keeps events in order and tells each phase of each host', async () => {
    const { items } = await fleet.rest.get('/events?limit=500');
    const sequences = items.map((event: { sequence: number }) => BigInt(event.sequence));
    expect([...sequences].sort((a, b) => (a < b ? -1 : 1))).toEqual(sequences);
  });

  it('updates the same hosts a second time', async () => {
    const hashes = await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()));
    const id = await fleet.applyRollout({ waves: ['100%'] }, {}, 'again');
    const rollout = await fleet.waitForRollout(id, ['succeeded', 'failed', 'paused']);
    expect(rollout.state).toBe('succeeded');
    expect(await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()))).toEqual(hashes);
  });
});
