import { Fleet } from './harness/fleet.harness';
import { phaseStarts } from './harness/journal.reader';
import { until } from '@luofleet/testkit';

/** Every point at which an agent can be configured to kill itself, but those of the undo and of preflight's start. */
const phases = ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify'];
const around = phases.flatMap((phase) =>
  ['before', 'journaled', 'acted', 'after']
    // A reboot that acted does not return, so nothing can happen between its deed and its journal entry.
    .filter((at) => !(phase === 'reboot' && at === 'acted'))
    .map((at) => `${at}:${phase}`),
);
const points = [
  ...around,
  'reboot:crossed',
  'reboot:arrived',
  'retrieve:deserialized',
  'retrieve:spawned',
  'retrieve:settled',
];

const GROUP = 8;
const groups = Array.from({ length: Math.ceil(points.length / GROUP) }, (_, index) =>
  points.slice(index * GROUP, (index + 1) * GROUP),
);

describe('an agent killed with SIGKILL', () => {
  it.each(groups.map((group) => [group.join(', '), group] as const))(
    'at %s: resumes or rolls back, loses nothing, runs no phase twice',
    async (_title, group) => {
      const fleet = await Fleet.start({
        hosts: group.length,
        agentConfig: (index) => ({ faults: { killAt: [{ point: group[index], times: 1 }] } }),
      });
      try {
        const firstPids = fleet.hosts.map((host) => host.agent.pid);
        fleet.superviseAgents();
        await Promise.all(fleet.hosts.map(async (host) => host.kv.put('who', host.name)));
        const hashes = await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()));
        const id = await fleet.applyRollout({
          waves: ['100%'],
          maxConcurrent: 4,
          maxFailures: group.length,
        });
        const rollout = await fleet.waitForRollout(id, ['succeeded', 'failed', 'paused'], 100_000);
        expect(['succeeded', 'failed']).toContain(rollout.state);

        const updates = await fleet.updatesByHost(id);
        for (const [index, host] of fleet.hosts.entries()) {
          const point = group[index];
          const update = updates.get(host.name);
          const seen = { point, state: update.state, reason: update.reason };
          expect({ ...seen, killed: host.agent.pid !== firstPids[index] }).toEqual({
            ...seen,
            killed: true,
          });
          expect({ ...seen, ended: ['succeeded', 'rolled-back'].includes(update.state) }).toEqual({
            ...seen,
            ended: true,
          });
          // The store answers again with what it held.
          const hash = await until(`the store of ${host.name} (${point})`, async () =>
            host.kv.hash(),
          );
          expect({ ...seen, hash }).toEqual({ ...seen, hash: hashes[index] });
          const record = await fleet.rest.get(`/hosts/${host.name}`);
          expect({ ...seen, runs: record.runningVersion }).toEqual({
            ...seen,
            runs: update.state === 'succeeded' ? '1.1.0' : '1.0.0',
          });
          for (const [key, starts] of phaseStarts(host.stateDir))
            expect({ ...seen, key, starts }).toEqual({ ...seen, key, starts: 1 });
        }
        const files = await fleet.rest.all(`/files?rollout=${id}`);
        expect(files.filter((file) => file.state === 'lost')).toEqual([]);
      } finally {
        await fleet.stop();
      }
    },
    180_000,
  );
});
