import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Outcome, Phase, type Command, type CommandResult } from '@luofleet/proto';
import { AgentProcess, images, releaseOf, type AgentOptions } from './agent-process';
import { EchoClient } from './echo-client';
import {
  blackoutCommands,
  commandFor,
  keyOf,
  ScriptedControlPlane,
  type CommandShape,
} from './scripted-control-plane';

/** One agent, one scripted control plane, content in the store, a client at the echo server. */
export class PassageHarness {
  echo!: EchoClient;
  hash = '';

  private constructor(
    readonly plane: ScriptedControlPlane,
    readonly agent: AgentProcess,
  ) {}

  static async start(
    options: Omit<AgentOptions, 'controlPlanePort'> & { leaked?: readonly number[] } = {},
  ): Promise<PassageHarness> {
    const plane = await new ScriptedControlPlane().start();
    const agent = await AgentProcess.create({ ...options, controlPlanePort: plane.port });
    const harness = new PassageHarness(plane, agent);
    agent.start(images.current, options.leaked);
    await harness.untilServing();
    await agent.kv('PUT', 'a', 'one');
    await agent.kv('PUT', 'b', 'two');
    harness.hash = await agent.kv('GET', 'hash');
    harness.echo = new EchoClient(agent.echoPort);
    return harness;
  }

  async stop(): Promise<void> {
    await this.echo.stop();
    await this.agent.destroy();
    this.plane.stop();
  }

  /** The whole passage, every command chained to the one before it. */
  commands(shape: CommandShape = {}): Command[] {
    return passageCommands({ release: releaseOf(images.next, '1.1.0'), ...shape });
  }

  send(...commands: Command[]): void {
    this.plane.send('host-1', ...commands);
  }

  /** Results of these commands, in their order. */
  results(commands: readonly Command[]): Promise<CommandResult[]> {
    return Promise.all(commands.map(({ idempotencyKey }) => this.plane.resultOf(idempotencyKey)));
  }

  async untilServing(): Promise<void> {
    const seen = this.plane.heartbeats.length;
    await this.plane.until('workloads serve', () => {
      const workloads = this.plane.heartbeats.slice(seen).at(-1)?.workloads ?? [];
      return workloads.length > 0 && workloads.every(({ state }) => state === 'serving');
    });
  }

  /** Pid of the workload's instance once all serve. */
  async servingPid(workload: string): Promise<number> {
    await this.untilServing();
    const { workloads } = this.plane.heartbeats.at(-1)!;
    return workloads.find(({ name }) => name === workload)!.pid;
  }

  /** What holds after every update, however it ended. */
  async expectNothingLost(): Promise<void> {
    await this.untilServing();
    await this.echo.stop();
    expect(this.echo.failures).toEqual([]);
    expect(await this.agent.kv('GET', 'hash')).toBe(this.hash);
    await this.agent.kv('PUT', 'c', 'written after');
    expect(await this.agent.kv('GET', 'c')).toBe('written after');
    await this.plane.until('each workload has one process', () => {
      const processes = this.agent.workloadProcesses().map(({ workload }) => workload);
      return processes.sort().join() === this.agent.workloadNames.join();
    });
  }

  /** Every key has one result, however often it was delivered, and was started at most once. */
  expectEachActedOnce(): void {
    const outcomes = new Map<string, Set<Outcome>>();
    for (const { idempotencyKey, outcome } of this.plane.deliveries) {
      outcomes.set(idempotencyKey, (outcomes.get(idempotencyKey) ?? new Set()).add(outcome));
    }
    for (const [key, all] of outcomes) expect([key, all.size]).toEqual([key, 1]);
    const journal = readFileSync(path.join(this.agent.stateDir, 'journal.log'), 'utf8');
    const started = [...journal.matchAll(/"kind":"started","key":"([^"]+)"/g)].map(
      ([, key]) => key,
    );
    expect(started).toEqual([...new Set(started)]);
  }
}

export function passageCommands(shape: CommandShape): Command[] {
  const key = (phase: Phase) => keyOf(phase, shape);
  const [freeze, reboot, retrieve] = blackoutCommands(shape);
  return [
    commandFor(Phase.PHASE_PREFLIGHT, shape),
    commandFor(Phase.PHASE_PRESERVE, shape, key(Phase.PHASE_PREFLIGHT)),
    { ...freeze!, afterKey: key(Phase.PHASE_PRESERVE) },
    reboot!,
    retrieve!,
    commandFor(Phase.PHASE_FINISH, shape, key(Phase.PHASE_RETRIEVE)),
    commandFor(Phase.PHASE_VERIFY, shape, key(Phase.PHASE_FINISH)),
  ];
}

export const outcomesOf = (results: readonly CommandResult[]): Outcome[] =>
  results.map(({ outcome }) => outcome);
