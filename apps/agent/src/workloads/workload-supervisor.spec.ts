import { spawn, type ChildProcess } from 'node:child_process';
import { identifyProcess } from './process-table';
import type { InstructionStream } from './workload-instance';
import { WorkloadSupervisor } from './workload-supervisor';

const log = { info: () => {}, warn: () => {}, error: () => {}, child: () => log };
const noTime = AbortSignal.abort();

const holds = new Map<string, string>();
const processes: ChildProcess[] = [];
afterAll(() => processes.forEach((one) => one.kill('SIGKILL')));

/** A workload that answers only when it is told to. */
function workload() {
  const supervisor = new WorkloadSupervisor({
    settings: {
      workloads: [], // none that would be started again when the test ends this one
      ...{ socket: '/nonexistent', stateDir: '/nonexistent' },
      ...{ stopTimeoutMs: 1000, startTimeoutMs: 1000 },
    },
    ...{ incarnationId: 'one', log, heldFor: () => [], finishHold: (name) => holds.get(name) },
  });
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  processes.push(child);
  const process_ = identifyProcess(child.pid ?? 0);
  if (process_ === null) throw new Error('the process is not in /proc');
  const instance = supervisor.adopt(
    { workload: 'kv', instance: 'one', process: process_ },
    'quiesced',
  );
  let told: Array<{ id: number; instruction: string }> = [];
  const listen = () => {
    told = [];
    const stream: InstructionStream = {
      write: (line) => told.push(JSON.parse(line) as (typeof told)[number]),
      end: () => {},
    };
    instance.attach(stream);
  };
  listen();
  return {
    ...{ supervisor, instance, listen },
    told: () => told.map(({ instruction }) => instruction),
    answer: (instruction: string) => {
      const { id = -1 } = told.find((one) => one.instruction === instruction) ?? {};
      return instance.answer(id, { ok: true, reason: '' });
    },
    end: () => instance.ended('test over'),
  };
}

describe('a workload that answers too late', () => {
  it('serves after all once it has resumed', async () => {
    const { supervisor, instance, answer, end } = workload();
    expect(await supervisor.resumeAll(noTime)).toEqual(['kv: no answer to resume in time']);
    expect(instance.state).toBe('quiesced');
    expect(answer('resume')).toBe(true);
    await Promise.resolve();
    expect(instance.state).toBe('serving');
    end();
  });

  it('is told to resume again when it connects anew, and never to quiesce', async () => {
    const { supervisor, listen, told, answer, end } = workload();
    await supervisor.quiesceAll(noTime);
    await supervisor.resumeAll(noTime);
    expect(answer('quiesce')).toBe(false);
    listen();
    expect(told()).toEqual(['resume']);
    end();
  });

  it('hears the next quiesce after the resume it still owes an answer to', async () => {
    const { supervisor, instance, listen, told, answer, end } = workload();
    await supervisor.resumeAll(noTime);
    const quiesced = supervisor.quiesceAll(new AbortController().signal);
    listen();
    expect(told()).toEqual(['resume', 'quiesce']);
    answer('resume');
    answer('quiesce');
    await quiesced;
    expect(instance.state).toBe('quiesced');
    end();
  });
});
