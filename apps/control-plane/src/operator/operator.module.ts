import { Module } from '@nestjs/common';
import { EventFeedModule } from '../event-feed/event-feed.module';
import { RolloutsModule } from '../rollouts/rollouts.module';
import { OperatorCalls } from './operator.calls';
import { OperatorService } from './operator.service';

@Module({ imports: [RolloutsModule, EventFeedModule], providers: [OperatorCalls, OperatorService] })
export class OperatorModule {}
