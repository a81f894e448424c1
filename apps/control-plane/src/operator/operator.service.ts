/**
 * DOC: OperatorService
 *
 * Purpose: for operators' programs what REST is for people: the same services behind it, the same checks, the same
 * error codes.
 *
 * Happy path: a call is checked by the schema of its REST counterpart, then answered from the same readers.
 * Unhappy paths: every error ends the call with the status of its code; `code` is in the trailing metadata. A watcher
 * that is slow holds up nobody but itself; it ends when the client cancels or the process stops.
 */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { closedObject, idOrNameSchema, plainTextSchema } from '@luofleet/contracts';
import { assertOfThisLife, EventsReader } from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import {
  type OperatorServiceServer,
  OperatorServiceService,
  type WatchEventsRequest,
  type WatchEventsResponse,
} from '@luofleet/proto';
import { translateError } from '../errors/translate-error';
import { EventFeed } from '../events/event-feed';
import { GrpcServer } from '../grpc/grpc.server';
import { LOGGER } from '../settings/platform.module';
import { given } from './given';
import { grpcStatusOf } from './grpc-errors';
import { OperatorCalls } from './operator.calls';
import { eventMessage } from './operator.views';
import { assertPlain } from './plain-request';
import { writeToStream } from './stream-writing';

const watchSchema = closedObject({
  rolloutId: idOrNameSchema.optional(),
  hostId: idOrNameSchema.optional(),
  life: plainTextSchema({ max: 255 }).optional(),
});

@Injectable()
export class OperatorService implements OnModuleInit {
  constructor(
    @Inject(GrpcServer) private readonly server: GrpcServer,
    @Inject(OperatorCalls) private readonly calls: OperatorCalls,
    @Inject(EventsReader) private readonly events: EventsReader,
    @Inject(EventFeed) private readonly feed: EventFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const { calls } = this;
    this.server.add(OperatorServiceService, {
      applyRollout: this.unary('ApplyRollout', (request, metadata) =>
        calls.apply(request, metadata),
      ),
      getRollout: this.unary('GetRollout', (request) => calls.get(request)),
      listRollouts: this.unary('ListRollouts', (request) => calls.listRollouts(request)),
      listHosts: this.unary('ListHosts', (request) => calls.hosts.list(request)),
      decommissionHost: this.unary('DecommissionHost', (request) =>
        calls.hosts.decommission(request),
      ),
      recommissionHost: this.unary('RecommissionHost', (request) =>
        calls.hosts.recommission(request),
      ),
      skipHosts: this.unary('SkipHosts', (request) => calls.hosts.skipHosts(request)),
      unskipHosts: this.unary('UnskipHosts', (request) => calls.hosts.unskipHosts(request)),
      actOnRollout: this.unary('ActOnRollout', (request) => calls.act(request)),
      watchEvents: this.watch,
    } satisfies OperatorServiceServer);
  }

  private readonly watch: handleServerStreamingCall<WatchEventsRequest, WatchEventsResponse> = (
    call,
  ) => {
    void this.watchUntilEnd(call).then(
      () => call.end(),
      (error: unknown) => {
        if (!call.cancelled) call.emit('error', this.statusOf(error, 'WatchEvents'));
      },
    );
  };

  private async watchUntilEnd(
    call: ServerWritableStream<WatchEventsRequest, WatchEventsResponse>,
  ): Promise<void> {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    const { afterSequence, ...asked } = assertPlain(call.request);
    const { rolloutId, hostId, life } = watchSchema.parse(given(asked));
    const filter = await this.events.resolveFilter({ rollout: rolloutId, host: hostId });
    const end = await this.events.end();
    assertOfThisLife({ sequence: afterSequence, life }, end);
    const after = { sequence: afterSequence, life: end.life };
    for await (const batch of this.feed.follow(filter, after, gone.signal))
      for (const event of batch)
        await writeToStream(call, eventMessage(event, end.life), gone.signal);
  }

  private unary<Request, Response>(
    name: string,
    answer: (request: Request, metadata: Metadata) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const checked = async () => {
        this.server.arrivals.assertInTime(name);
        return answer(assertPlain(call.request), call.metadata);
      };
      checked().then(
        (response) => callback(null, response),
        (error: unknown) => callback(this.statusOf(error, name)),
      );
    };
  }

  private statusOf(thrown: unknown, operation: string) {
    const error = translateError(thrown, operation);
    if (error.mapping.httpStatus >= 500)
      this.logger.error('call failed', { err: error, operation });
    return grpcStatusOf(error);
  }
}
