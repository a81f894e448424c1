import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  createReleaseSchema,
  type Page,
  releasePageSchema,
  type ReleaseResponse,
  releaseSchema,
} from '@luofleet/contracts';
import { ReleasesRepository } from '@luofleet/persistence';
import { dtoOf } from '../http-kit/dto';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { pageView } from '../http-kit/page.view';
import { IdOrNameParams, PageQueryDto } from '../http-kit/request.dto';
import { NoQuery } from '../http-kit/nothing.decorator';
import { releaseView } from './releases.view';

class CreateRelease extends dtoOf(createReleaseSchema) {}
class Release extends dtoOf(releaseSchema) {}
class ReleasePage extends dtoOf(releasePageSchema) {}

@ApiTags('releases')
@Controller('api/v1/releases')
export class ReleasesController {
  constructor(@Inject(ReleasesRepository) private readonly releases: ReleasesRepository) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Register a release; releases are never changed' })
  @ApiCreatedResponse({ type: Release })
  @ApiProblems(400, 409, 413, 415, 503)
  async create(@Body() body: CreateRelease, @NoQuery() _query: void): Promise<ReleaseResponse> {
    return releaseView(await this.releases.create(body));
  }

  @Get()
  @ApiOperation({ summary: 'Releases, newest first' })
  @ApiOkResponse({ type: ReleasePage })
  @ApiProblems(400, 503)
  async list(@Query() query: PageQueryDto): Promise<Page<ReleaseResponse>> {
    return pageView(await this.releases.list(query), releaseView);
  }

  @Get(':idOrName')
  @ApiOperation({ summary: 'One release' })
  @ApiOkResponse({ type: Release })
  @ApiProblems(400, 404, 503)
  async get(@Param() params: IdOrNameParams, @NoQuery() _query: void): Promise<ReleaseResponse> {
    return releaseView(await this.releases.get(params.idOrName));
  }
}
