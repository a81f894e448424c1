import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  applyQuerySchema,
  hostUpdatePageSchema,
  type HostUpdateResponse,
  hostUpdatesQuerySchema,
  type Page,
  plannedHostPageSchema,
  type PlannedHostResponse,
  planQuerySchema,
  ROLLOUT_ACTIONS,
  rolloutManifestSchema,
  rolloutPageSchema,
  rolloutPreviewSchema,
  type RolloutPreviewResponse,
  type RolloutResponse,
  rolloutSchema,
  type RolloutSummaryResponse,
} from '@luofleet/contracts';
import { HostUpdatesReader, RolloutsReader } from '@luofleet/persistence';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { dtoOf } from '../http-kit/dto';
import { z } from 'zod';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { idempotencyKeyOf } from '../input/idempotency-key.header';
import { pageView } from '../http-kit/page.view';
import { IdOrNameParams, PageQueryDto } from '../http-kit/request.dto';
import { RolloutActions } from './rollout-actions.service';
import { RolloutIntake } from './rollout-intake.service';
import { NoBody, NoQuery } from '../http-kit/nothing.decorator';
import { hostUpdateView, previewView, rolloutSummaryView, rolloutView } from './rollouts.view';

class RolloutManifest extends dtoOf(rolloutManifestSchema) {}
class ApplyQueryDto extends createZodDto(applyQuerySchema) {}
class Rollout extends dtoOf(rolloutSchema) {}
class RolloutPreview extends dtoOf(rolloutPreviewSchema) {}
class RolloutSummaryPage extends dtoOf(rolloutPageSchema) {}
class HostUpdatesQueryDto extends createZodDto(hostUpdatesQuerySchema) {}
class HostUpdatePage extends dtoOf(hostUpdatePageSchema) {}
class PlanQueryDto extends createZodDto(planQuerySchema) {}
class PlannedHostPage extends dtoOf(plannedHostPageSchema) {}
class ActionParams extends createZodDto(
  IdOrNameParams.schema.extend({ action: z.enum(ROLLOUT_ACTIONS) }),
) {}

@ApiTags('rollouts')
@Controller('api/v1/rollouts')
export class RolloutsController {
  constructor(
    @Inject(RolloutsReader) private readonly rollouts: RolloutsReader,
    @Inject(HostUpdatesReader) private readonly updates: HostUpdatesReader,
    @Inject(RolloutIntake) private readonly intake: RolloutIntake,
    @Inject(RolloutActions) private readonly actions: RolloutActions,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Apply a rollout manifest, or with dryRun=true show its plan' })
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ type: RolloutManifest })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and manifest again give the same rollout.',
  })
  @ApiCreatedResponse({ type: Rollout })
  @ApiOkResponse({ type: RolloutPreview, description: 'Dry run: the plan; nothing is stored.' })
  @ApiProblems(400, 404, 409, 413, 415, 503)
  async apply(
    @Body() manifest: RolloutManifest,
    @Query() query: ApplyQueryDto,
    @Headers('idempotency-key') header: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RolloutResponse | RolloutPreviewResponse> {
    const idempotencyKey = idempotencyKeyOf(header);
    if (query.dryRun) {
      void reply.status(200);
      return previewView(await this.intake.preview(manifest));
    }
    const rollout = await this.intake.apply(manifest, idempotencyKey);
    void reply.status(201).header('location', `/api/v1/rollouts/${rollout.id}`);
    return rolloutView(rollout);
  }

  @Get()
  @ApiOperation({ summary: 'Rollouts, newest first' })
  @ApiOkResponse({ type: RolloutSummaryPage })
  @ApiProblems(400, 503)
  async list(@Query() query: PageQueryDto): Promise<Page<RolloutSummaryResponse>> {
    return pageView(await this.rollouts.list(query), rolloutSummaryView);
  }

  @Get(':idOrName')
  @ApiOperation({ summary: 'One rollout: waves, counts, blackout, and why things wait' })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 503)
  async get(@Param() params: IdOrNameParams, @NoQuery() _query: void): Promise<RolloutResponse> {
    return rolloutView(await this.rollouts.get(params.idOrName));
  }

  @Get(':idOrName/updates')
  @ApiOperation({ summary: 'Host updates of a rollout in their order' })
  @ApiOkResponse({ type: HostUpdatePage })
  @ApiProblems(400, 404, 503)
  async listUpdates(
    @Param() params: IdOrNameParams,
    @Query() query: HostUpdatesQueryDto,
  ): Promise<Page<HostUpdateResponse>> {
    return pageView(await this.updates.listOfRollout(params.idOrName, query), hostUpdateView);
  }

  @Get(':idOrName/plan')
  @ApiOperation({
    summary: 'Hosts of a rollout, of all waves or one, in the order in which they start',
  })
  @ApiOkResponse({ type: PlannedHostPage })
  @ApiProblems(400, 404, 503)
  async listPlan(
    @Param() params: IdOrNameParams,
    @Query() query: PlanQueryDto,
  ): Promise<Page<PlannedHostResponse>> {
    return pageView(await this.updates.listPlannedHosts(params.idOrName, query), (host) => host);
  }

  @Post(':idOrName/:action')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause, resume, abort or retry a rollout' })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 409, 503)
  async act(
    @Param() params: ActionParams,
    @NoQuery() _query: void,
    @NoBody() _body: void,
  ): Promise<RolloutResponse> {
    return rolloutView(await this.actions.act(params.idOrName, params.action));
  }
}
