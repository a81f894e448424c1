import { setImmediate as turn } from 'node:timers/promises';
import { reasonOf } from '../model/reason';
import { PhaseAborted } from '../commands/phase-clock';
import type { AgentCommand } from '../model/command';
import type { WorkloadSupervisor } from '../workloads/workload-supervisor';
import { verifyHost } from './verify-host';

it('ends a soak as soon as its signal says so', async () => {
  const asked = jest.fn().mockResolvedValue({ ok: true, reason: '' });
  const supervisor = { names: ['kv'], current: new Map([['kv', { instruct: asked }]]) };
  const controller = new AbortController();
  let reason: unknown = null;
  const verified = verifyHost({
    command: { release: null, soakMs: 600_000 } as AgentCommand,
    signal: controller.signal,
    supervisor: supervisor as unknown as WorkloadSupervisor,
    runningVersion: '1.0.0',
  }).then((end) => (reason = end.reason));
  await turn();
  expect(asked).toHaveBeenCalledTimes(1);
  const stopping = reasonOf('AGENT_STOPPING', 'told to stop');
  controller.abort(new PhaseAborted(stopping));
  await turn();
  expect(reason).toEqual(stopping);
  await verified;
});
