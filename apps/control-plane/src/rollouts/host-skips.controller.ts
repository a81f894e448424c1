import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  closedObject,
  idOrNameSchema,
  type RolloutResponse,
  rolloutSchema,
  skipHostSchema,
  skipHostsSchema,
  unskipHostsSchema,
} from '@luofleet/contracts';
import { createZodDto } from 'nestjs-zod';
import { ApiProblems } from '../http-kit/api-problems.decorator';
import { dtoOf } from '../http-kit/dto';
import { NoBody, NoQuery } from '../http-kit/nothing.decorator';
import { IdOrNameParams } from '../http-kit/request.dto';
import { HostSkips } from './host-skips.service';
import { rolloutView } from './rollouts.view';

class Rollout extends dtoOf(rolloutSchema) {}
class SkipHostDto extends createZodDto(skipHostSchema) {}
class SkipHostsDto extends createZodDto(skipHostsSchema) {}
class UnskipHostsDto extends createZodDto(unskipHostsSchema) {}
class HostOfRolloutParams extends createZodDto(
  closedObject({ idOrName: idOrNameSchema, host: idOrNameSchema }),
) {}

@ApiTags('rollouts')
@Controller('api/v1/rollouts')
export class HostSkipsController {
  constructor(@Inject(HostSkips) private readonly skips: HostSkips) {}

  @Post(':idOrName/skip')
  @HttpCode(200)
  @ApiOperation({ summary: 'Leave hosts out that have not started; all of them or none' })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 409, 503)
  async skip(
    @Param() { idOrName }: IdOrNameParams,
    @NoQuery() _query: void,
    @Body() { reason, ...targets }: SkipHostsDto,
  ): Promise<RolloutResponse> {
    return rolloutView(await this.skips.skip(idOrName, targets, reason));
  }

  @Post(':idOrName/unskip')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take hosts up again that were skipped; all of them or none' })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 409, 503)
  async unskip(
    @Param() { idOrName }: IdOrNameParams,
    @NoQuery() _query: void,
    @Body() { hosts }: UnskipHostsDto,
  ): Promise<RolloutResponse> {
    return rolloutView(await this.skips.unskip(idOrName, hosts));
  }

  @Post(':idOrName/updates/:host/skip')
  @HttpCode(200)
  @ApiOperation({ summary: 'Leave a host out that has not started' })
  @ApiBody({ type: SkipHostDto, required: false })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 409, 503)
  async skipOne(
    @Param() { idOrName, host }: HostOfRolloutParams,
    @NoQuery() _query: void,
    @Body() { reason }: SkipHostDto,
  ): Promise<RolloutResponse> {
    return rolloutView(await this.skips.skip(idOrName, { hosts: [host] }, reason));
  }

  @Post(':idOrName/updates/:host/unskip')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take a host up again that was skipped' })
  @ApiOkResponse({ type: Rollout })
  @ApiProblems(400, 404, 409, 503)
  async unskipOne(
    @Param() { idOrName, host }: HostOfRolloutParams,
    @NoQuery() _query: void,
    @NoBody() _body: void,
  ): Promise<RolloutResponse> {
    return rolloutView(await this.skips.unskip(idOrName, [host]));
  }
}
