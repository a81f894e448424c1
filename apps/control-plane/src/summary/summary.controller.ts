import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type SummaryResponse, summarySchema } from '@luofleet/contracts';
import { SummaryReader } from '@luofleet/persistence';
import { dtoOf } from '../http-kit/dto';
import { NoQuery } from '../http-kit/nothing.decorator';
import { ApiProblems } from '../http-kit/api-problems.decorator';

class Summary extends dtoOf(summarySchema) {}

@ApiTags('summary')
@Controller('api/v1/summary')
export class SummaryController {
  constructor(@Inject(SummaryReader) private readonly summary: SummaryReader) {}

  @Get()
  @ApiOperation({ summary: 'The fleet in a few numbers' })
  @ApiOkResponse({ type: Summary })
  @ApiProblems(400, 503)
  async read(@NoQuery() _query: void): Promise<SummaryResponse> {
    const { hosts, rollouts, sessions, files } = await this.summary.read();
    return { hosts, rollouts: { byState: { ...rollouts.byState } }, sessions, files };
  }
}
