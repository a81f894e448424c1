import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  filePageSchema,
  filesQuerySchema,
  type Page,
  type PreservedFileResponse,
  sessionPageSchema,
  type SessionResponse,
  sessionsQuerySchema,
  type SessionWithFilesResponse,
  sessionWithFilesSchema,
} from '@luofleet/contracts';
import { SessionsReader } from '@luofleet/persistence';
import { createZodDto } from 'nestjs-zod';
import { dtoOf } from '../http-kit/dto';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { pageView } from '../http-kit/page.view';
import { IdParams } from '../http-kit/request.dto';
import { NoQuery } from '../http-kit/nothing.decorator';
import { fileView, sessionView, sessionWithFilesView } from './sessions.view';

class SessionsQueryDto extends createZodDto(sessionsQuerySchema) {}
class SessionPage extends dtoOf(sessionPageSchema) {}
class SessionWithFiles extends dtoOf(sessionWithFilesSchema) {}
class FilesQueryDto extends createZodDto(filesQuerySchema) {}
class PreservedFilePage extends dtoOf(filePageSchema) {}

@ApiTags('sessions')
@Controller('api/v1')
export class SessionsController {
  constructor(@Inject(SessionsReader) private readonly sessions: SessionsReader) {}

  @Get('sessions')
  @ApiOperation({ summary: 'Sessions, newest first' })
  @ApiOkResponse({ type: SessionPage })
  @ApiProblems(400, 404, 503)
  async list(@Query() query: SessionsQueryDto): Promise<Page<SessionResponse>> {
    return pageView(await this.sessions.list(query), sessionView);
  }

  @Get('sessions/:id')
  @ApiOperation({ summary: 'One session with its preserved files' })
  @ApiOkResponse({ type: SessionWithFiles })
  @ApiProblems(400, 404, 503)
  async get(@Param() params: IdParams, @NoQuery() _query: void): Promise<SessionWithFilesResponse> {
    return sessionWithFilesView(await this.sessions.get(params.id));
  }

  @Get('files')
  @ApiOperation({ summary: 'Preserved files by session and token' })
  @ApiOkResponse({ type: PreservedFilePage })
  @ApiProblems(400, 404, 503)
  async listFiles(@Query() query: FilesQueryDto): Promise<Page<PreservedFileResponse>> {
    return pageView(await this.sessions.files(query), fileView);
  }
}
