import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  decommissionSchema,
  type HostResponse,
  hostPageSchema,
  hostSchema,
  hostsQuerySchema,
  type Page,
  sessionWithFilesPageSchema,
  type SessionWithFilesResponse,
} from '@luofleet/contracts';
import { HostsReader, SessionsReader } from '@luofleet/persistence';
import { createZodDto } from 'nestjs-zod';
import { dtoOf } from '../http-kit/dto';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { requirementsOf } from '../input/selector.requirements';
import { pageView } from '../http-kit/page.view';
import { IdOrNameParams, PageQueryDto } from '../http-kit/request.dto';
import { sessionWithFilesView } from '../sessions/sessions.view';
import { NoBody, NoQuery } from '../http-kit/nothing.decorator';
import { HostLifecycle } from './host-lifecycle.service';
import { hostView } from './hosts.view';

class Host extends dtoOf(hostSchema) {}
class HostPage extends dtoOf(hostPageSchema) {}
class HostsQueryDto extends createZodDto(hostsQuerySchema) {}
class DecommissionDto extends createZodDto(decommissionSchema) {}
class SessionWithFilesPage extends dtoOf(sessionWithFilesPageSchema) {}

@ApiTags('hosts')
@Controller('api/v1/hosts')
export class HostsController {
  constructor(
    @Inject(HostsReader) private readonly hosts: HostsReader,
    @Inject(SessionsReader) private readonly sessions: SessionsReader,
    @Inject(HostLifecycle) private readonly lifecycle: HostLifecycle,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Hosts by name; decommissioned ones only when asked for' })
  @ApiOkResponse({ type: HostPage })
  @ApiProblems(400, 503)
  async list(@Query() query: HostsQueryDto): Promise<Page<HostResponse>> {
    const { selector, limit, cursor, state } = query;
    const requirements = requirementsOf(selector);
    return pageView(await this.hosts.list({ limit, cursor, requirements, state }), hostView);
  }

  @Get(':idOrName')
  @ApiOperation({ summary: 'One host' })
  @ApiOkResponse({ type: Host })
  @ApiProblems(400, 404, 503)
  async get(@Param() params: IdOrNameParams, @NoQuery() _query: void): Promise<HostResponse> {
    return hostView(await this.hosts.get(params.idOrName));
  }

  @Get(':idOrName/sessions')
  @ApiOperation({ summary: 'Sessions of a host with their preserved files, newest first' })
  @ApiOkResponse({ type: SessionWithFilesPage })
  @ApiProblems(400, 404, 503)
  async listSessions(
    @Param() params: IdOrNameParams,
    @Query() query: PageQueryDto,
  ): Promise<Page<SessionWithFilesResponse>> {
    const { limit, cursor } = query;
    const slice = await this.sessions.listWithFiles({ limit, cursor, host: params.idOrName });
    return pageView(slice, sessionWithFilesView);
  }

  @Post(':idOrName/decommission')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take a host out of the fleet; its updates that have not ended end' })
  @ApiBody({ type: DecommissionDto, required: false })
  @ApiOkResponse({ type: Host })
  @ApiProblems(400, 404, 409, 503)
  async decommission(
    @Param() params: IdOrNameParams,
    @NoQuery() _query: void,
    @Body() body: DecommissionDto,
  ): Promise<HostResponse> {
    const id = await this.lifecycle.decommission(params.idOrName, body.reason);
    return hostView(await this.hosts.get(id));
  }

  @Post(':idOrName/recommission')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take a decommissioned host into the fleet again' })
  @ApiOkResponse({ type: Host })
  @ApiProblems(400, 404, 409, 503)
  async recommission(
    @Param() params: IdOrNameParams,
    @NoQuery() _query: void,
    @NoBody() _body: void,
  ): Promise<HostResponse> {
    return hostView(await this.hosts.get(await this.lifecycle.recommission(params.idOrName)));
  }
}
