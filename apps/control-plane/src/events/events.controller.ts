import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import {
  eventPageSchema,
  type EventPageResponse,
  eventsQuerySchema,
  eventStreamQuerySchema,
} from '@luofleet/contracts';
import {
  assertOfThisLife,
  type EventCursor,
  EventsReader,
  formatEventCursor,
  parseEventCursor,
} from '@luofleet/persistence';
import { type Logger, LuofleetError } from '@luofleet/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { dtoOf } from '../http-kit/dto';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { LOGGER } from '../settings/platform.module';
import { EventFeed } from './event-feed';
import { EventStreamWriter } from './event-stream.writer';
import { eventView } from './events.view';

class EventPage extends dtoOf(eventPageSchema) {}
class EventsQueryDto extends createZodDto(eventsQuerySchema) {}
class EventStreamQueryDto extends createZodDto(eventStreamQuerySchema) {}

@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  constructor(
    @Inject(EventsReader) private readonly events: EventsReader,
    @Inject(EventFeed) private readonly feed: EventFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Events in the order in which they were recorded, or newest first' })
  @ApiOkResponse({ type: EventPage })
  @ApiProblems(400, 404, 410, 503)
  async list(@Query() query: EventsQueryDto): Promise<EventPageResponse> {
    const filter = await this.events.resolveFilter(query);
    const { limit, order } = query;
    const before = query.before === undefined ? undefined : BigInt(query.before);
    const after = cursorOf(query.after, 'after') ?? { sequence: 0n };
    const end = await this.events.end();
    assertOfThisLife(after, end);
    const range = { after: after.sequence, before, order };
    const items = (await this.events.between(range, filter, limit)).map(eventView);
    const [newest, oldest] = order === 'asc' ? [items.at(-1), items[0]] : [items[0], items.at(-1)];
    const nextAfter = newest?.sequence ?? Number(after.sequence);
    return {
      items,
      nextAfter,
      cursor: formatEventCursor({ sequence: BigInt(nextAfter), life: end.life }),
      nextBefore: order === 'desc' && items.length === limit ? (oldest?.sequence ?? null) : null,
    };
  }

  @Get('stream')
  @ApiOperation({
    summary: 'Events as they happen, as server-sent events; `id` is where the stream stands',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Resumes after the frame with this `id`; wins over `after`.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'A stream of Event objects.' })
  @ApiProblems(400, 404, 410, 503)
  async stream(
    @Query() query: EventStreamQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = await this.events.resolveFilter(query);
    const end = await this.events.end();
    const cursor = cursorOf(lastEventId, 'Last-Event-ID') ?? cursorOf(query.after, 'after') ?? end;
    assertOfThisLife(cursor, end);
    const after = { sequence: cursor.sequence, life: end.life };
    const closed = new AbortController();
    request.raw.once('close', () => closed.abort());
    reply.raw.once('close', () => closed.abort());
    // It may have left while the record was asked.
    if (reply.raw.destroyed) closed.abort();
    reply.hijack();
    const writer = new EventStreamWriter(reply.raw, closed.signal);
    try {
      await writer.start(after);
      for await (const batch of this.feed.follow(filter, after, closed.signal))
        await writer.send(batch, end.life);
    } catch (error) {
      // The client left, or Postgres went away: either way it comes back with the last id it has seen.
      if (!closed.signal.aborted) this.logger.warn('event stream ended', { err: error });
    } finally {
      writer.end();
    }
  }
}

function cursorOf(text: string | undefined, path: string): EventCursor | undefined {
  if (text === undefined || text === '') return undefined;
  const cursor = parseEventCursor(text);
  if (cursor !== null) return cursor;
  const message = 'is a sequence number or a cursor';
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read events',
    subject: 'request',
    detail: `The request is not valid: ${path} ${message}.`,
    issues: [{ path, message }],
  });
}
