/**
 * DOC: what an agent says
 *
 * Purpose: takes the messages of a welcomed agent, one after the other.
 *
 * Happy path: heartbeats are collected, acceptances and results stored; a result is acknowledged once it is in Postgres.
 *
 * Unhappy paths:
 * 1. Postgres does not answer, or others were faster time and again: the stream ends with the error, and the agent
 *    connects again and repeats what was not acknowledged.
 * 2. The agent breaks the protocol: the stream ends.
 * 3. Anything else that goes wrong with a message costs this message, not the stream: it is logged, set aside and told.
 */
import { Inject, Injectable } from '@nestjs/common';
import { asUnstorable } from '@luofleet/persistence';
import type { CommandResult, Hello } from '@luofleet/proto';
import { asLuofleetError, type ErrorCode, LuofleetError } from '@luofleet/platform';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { ResultRecorder } from '../progress/result.recorder';
import { FollowUps } from '../progress/follow-ups';
import type { AgentConnection } from './agent.connection';
import type { AgentMessage } from './agent-message';
import { DroppedMessages } from './dropped-messages';
import { HeartbeatCollector } from './heartbeat.collector';

/** Errors of which the agent has to know, because saying it again later, or not at all, is up to it. */
const ENDS_THE_STREAM: readonly ErrorCode[] = [
  'UNAVAILABLE',
  'CONFLICT',
  'DEADLINE_EXCEEDED',
  'INVALID_INPUT',
];

@Injectable()
export class AgentInbox {
  constructor(
    @Inject(HeartbeatCollector) private readonly heartbeats: HeartbeatCollector,
    @Inject(ResultRecorder) private readonly recorder: ResultRecorder,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(FollowUps) private readonly followUps: FollowUps,
    @Inject(DroppedMessages) private readonly dropped: DroppedMessages,
  ) {}

  /** What comes right after the welcome: its open commands again, and a look at the rollouts that waited for it. */
  async opened(connection: AgentConnection, rolloutIds: readonly string[]): Promise<void> {
    this.heartbeats.forget(connection.hostId);
    await this.dispatcher.resend(connection.hostId);
    this.followUps.planSoon(rolloutIds);
  }

  /** A hello, null when it was none, that ended its stream. Never rejects. */
  turnedAway(hello: Hello | null, error: LuofleetError): Promise<void> {
    return this.dropped.keepHello(hello, error);
  }

  /** The undo of `opened`. */
  closed(connection: AgentConnection): void {
    this.heartbeats.forget(connection.hostId);
  }

  /** `cameAtMs`: when the message came, on the monotonic clock. */
  async receive(
    connection: AgentConnection,
    message: AgentMessage,
    cameAtMs: number,
  ): Promise<void> {
    try {
      await this.take(connection, message, cameAtMs);
    } catch (thrown) {
      const error = asLuofleetError(thrown, 'take a message');
      if (ENDS_THE_STREAM.includes(error.code)) throw error;
      await this.drop(connection, message, error);
    }
  }

  private async take(
    connection: AgentConnection,
    message: AgentMessage,
    cameAtMs: number,
  ): Promise<void> {
    switch (message.$case) {
      case 'hello':
        throw helloExpected('a second hello');
      case 'heartbeat':
        return this.heartbeats.collect(connection.hostId, message.value.workloads, cameAtMs);
      case 'commandAccepted':
        return this.recorder.accept(connection.hostId, message.value.idempotencyKey);
      case 'commandResult':
        return this.record(connection, message.value);
    }
  }

  /** A result that can not be stored is acknowledged all the same, or it would come again for ever. */
  private async drop(
    connection: AgentConnection,
    message: AgentMessage,
    error: LuofleetError,
  ): Promise<void> {
    const kept = await this.dropped.keep(connection, message, error);
    if (kept && message.$case === 'commandResult' && asUnstorable(error) !== null)
      acknowledge(connection, message.value);
  }

  /** Acknowledged only once it is in Postgres; then what it leads to goes out at once, without waiting for a job. */
  private async record(connection: AgentConnection, result: CommandResult): Promise<void> {
    const follow = await this.recorder.record(connection.hostId, result);
    acknowledge(connection, result);
    await this.followUps.carryOut(follow);
  }
}

function acknowledge(connection: AgentConnection, { idempotencyKey }: CommandResult): void {
  connection.send({ $case: 'resultRecorded', value: { idempotencyKey } });
}

export function helloExpected(got: string): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'connect agent',
    subject: 'stream',
    detail: `The first message of a stream, and only the first, is hello; this was ${got}.`,
  });
}
