import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type ReadinessResponse, readinessSchema } from '@luofleet/contracts';
import type { FastifyReply } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { NoQueryDto } from '../rest/request.dto';
import { Readiness } from './readiness';

class ReadinessDto extends createZodDto(readinessSchema) {}
class LivenessDto extends createZodDto(
  z.object({ alive: z.literal(true) }).meta({ id: 'Liveness' }),
) {}

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('healthz')
  @ApiOperation({ summary: 'The process is alive' })
  @ApiOkResponse({ type: LivenessDto })
  alive(@Query() _query: NoQueryDto): LivenessDto {
    return { alive: true };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Postgres and Redis can be reached; says which can not' })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiResponse({ status: 503, type: ReadinessDto })
  async ready(
    @Query() _query: NoQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReadinessResponse> {
    const readiness = await this.readiness.check();
    void reply.status(readiness.ready ? 200 : 503);
    return readiness;
  }
}
