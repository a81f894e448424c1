import { Inject, Injectable } from '@nestjs/common';
import {
  asUnstorable,
  Database,
  setAside,
  setAsideHello,
  UnstorableError,
} from '@luofleet/persistence';
import type { Logger, LuofleetError } from '@luofleet/platform';
import type { Hello } from '@luofleet/proto';
import { LOGGER } from '../settings/platform.tokens';
import type { AgentConnection } from './agent.connection';
import type { AgentMessage } from './agent-message';

/** Messages of agents that could not be taken: logged, set aside and told, so that they cost no stream. */
@Injectable()
export class DroppedMessages {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Never rejects. False when it could only be logged. */
  async keep(
    { hostId, hostName }: AgentConnection,
    message: AgentMessage,
    error: LuofleetError,
  ): Promise<boolean> {
    const { $case } = message;
    this.logger.error('message of an agent dropped', { hostId, message: $case, err: error });
    const { operation, subject } = error;
    const why = asUnstorable(error) ?? new UnstorableError(operation, subject, '', error);
    const item = { kind: 'message', subject: `${hostId} ${$case}`, hostId, why } as const;
    try {
      await this.database.transaction('set a message aside', `host ${hostName}`, (unit) =>
        setAside(unit, [{ ...item, what: `a ${$case} of host ${hostName}`, content: message }]),
      );
      return true;
    } catch (failed) {
      this.logger.error('message of an agent not set aside', { hostId, err: failed });
      return false;
    }
  }

  /** A hello, null when it was none, that is turned away for what it says. Never rejects. */
  async keepHello(hello: Hello | null, error: LuofleetError): Promise<void> {
    const unstorable = asUnstorable(error);
    if (unstorable === null && error.code !== 'INVALID_INPUT') return;
    const { operation, subject } = error;
    const why = unstorable ?? new UnstorableError(operation, subject, '', error);
    const name = hello === null || hello.hostName === '' ? 'that says no name' : hello.hostName;
    const item = { subject: name, what: `the hello of host ${name}`, why, content: hello };
    try {
      await this.database.transaction('set a hello aside', `host ${name}`, (unit) =>
        setAsideHello(unit, item),
      );
    } catch (failed) {
      this.logger.error('hello of an agent not set aside', { hostName: name, err: failed });
    }
  }
}
