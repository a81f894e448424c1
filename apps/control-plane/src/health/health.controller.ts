import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type ReadinessResponse, readinessSchema } from '@luofleet/contracts';
import type { FastifyReply } from 'fastify';
import { dtoOf } from '../http-kit/dto';
import { z } from 'zod';
import { NoQuery } from '../http-kit/nothing.decorator';
import { Readiness } from './readiness';

class ReadinessAnswer extends dtoOf(readinessSchema) {}
class Liveness extends dtoOf(z.object({ alive: z.literal(true) })) {}

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('healthz')
  @ApiOperation({ summary: 'The process is alive' })
  @ApiOkResponse({ type: Liveness })
  alive(@NoQuery() _query: void): Liveness {
    return { alive: true };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Everything this process works with answers; says what does not' })
  @ApiOkResponse({ type: ReadinessAnswer })
  @ApiResponse({ status: 503, type: ReadinessAnswer })
  async ready(
    @NoQuery() _query: void,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReadinessResponse> {
    const readiness = await this.readiness.check();
    void reply.status(readiness.ready ? 200 : 503);
    return readiness;
  }
}
