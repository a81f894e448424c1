import { Inject, Injectable } from '@nestjs/common';
import { acceptCommand, Database } from '@luofleet/persistence';
import type { CommandResult, ConnectRequest } from '@luofleet/proto';
import { LuofleetError } from '@luofleet/platform';
import { JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { ResultRecorder } from '../commands/result.recorder';
import type { AgentConnection } from './agent.connection';
import { HeartbeatCollector } from './heartbeat.collector';

export type AgentMessage = NonNullable<ConnectRequest['message']>;

/** Takes what a welcomed agent says. */
@Injectable()
export class AgentInbox {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(HeartbeatCollector) private readonly heartbeats: HeartbeatCollector,
    @Inject(ResultRecorder) private readonly recorder: ResultRecorder,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(JobQueue) private readonly jobs: JobQueue,
  ) {}

  /** What comes right after the welcome: its open commands again, and a look at the rollouts that waited for it. */
  async opened(connection: AgentConnection, rolloutIds: readonly string[]): Promise<void> {
    this.heartbeats.forget(connection.hostId);
    await this.dispatcher.resend(connection.hostId);
    this.jobs.wake(
      'reconcile',
      rolloutIds.map((rolloutId) => ({ rolloutId })),
    );
  }

  /** The undo of `opened`. */
  closed(connection: AgentConnection): void {
    this.heartbeats.forget(connection.hostId);
  }

  async receive(connection: AgentConnection, message: AgentMessage): Promise<void> {
    switch (message.$case) {
      case 'hello':
        throw helloExpected('a second hello');
      case 'heartbeat':
        return this.heartbeats.collect(connection.hostId, message.value.workloads);
      case 'commandAccepted':
        return this.accept(connection, message.value.idempotencyKey);
      case 'commandResult':
        return this.record(connection, message.value);
    }
  }

  private async accept({ hostId }: AgentConnection, idempotencyKey: string): Promise<void> {
    await this.database.read('accept command', `command ${idempotencyKey}`, (client) =>
      acceptCommand(client, hostId, idempotencyKey),
    );
  }

  /** Acknowledged only once it is in Postgres; then what it leads to goes out at once, without waiting for a job. */
  private async record(connection: AgentConnection, result: CommandResult): Promise<void> {
    const { idempotencyKey } = result;
    const { issued, reconcile } = await this.recorder.record(connection.hostId, result);
    connection.send({ $case: 'resultRecorded', value: { idempotencyKey } });
    if (reconcile !== null) this.jobs.wake('reconcile', [{ rolloutId: reconcile }]);
    await this.dispatcher.dispatch(issued.map(({ hostId }) => hostId));
  }
}

export function helloExpected(got: string): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'connect agent',
    subject: 'stream',
    detail: `The first message of a stream, and only the first, is hello; this was ${got}.`,
  });
}
