import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type SummaryResponse, summarySchema } from '@luofleet/contracts';
import { SummaryReader } from '@luofleet/persistence';
import { createZodDto } from 'nestjs-zod';
import { ApiProblems } from '../rest/api-problems.decorator';
import { NoQueryDto } from '../rest/request.dto';

class SummaryDto extends createZodDto(summarySchema) {}

@ApiTags('summary')
@Controller('api/v1/summary')
export class SummaryController {
  constructor(@Inject(SummaryReader) private readonly summary: SummaryReader) {}

  @Get()
  @ApiOperation({ summary: 'The fleet in a few numbers' })
  @ApiOkResponse({ type: SummaryDto })
  @ApiProblems(400, 503)
  async read(@Query() _query: NoQueryDto): Promise<SummaryResponse> {
    const { hosts, rollouts, sessions, files } = await this.summary.read();
    return { hosts, rollouts: { byState: { ...rollouts.byState } }, sessions, files };
  }
}
