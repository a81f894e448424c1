import { Module } from '@nestjs/common';
import { EventFeedModule } from '../events/event-feed.module';
import { HostsModule } from '../hosts/hosts.module';
import { RolloutsModule } from '../rollouts/rollouts.module';
import { OperatorHostCalls } from './operator-host.calls';
import { OperatorCalls } from './operator.calls';
import { OperatorService } from './operator.service';

@Module({
  imports: [HostsModule, RolloutsModule, EventFeedModule],
  providers: [OperatorHostCalls, OperatorCalls, OperatorService],
})
export class OperatorModule {}
