import { Module } from '@nestjs/common';
import { AgentInbox } from './agent.inbox';
import { AgentService } from './agent.service';
import { DecommissionWatch } from './decommission.watch';
import { DroppedMessages } from './dropped-messages';
import { HeartbeatCollector } from './heartbeat.collector';
import { HostRegistrations } from './host.registrations';
import { HostRegistrar } from './host.registrar';

/** The api role's side towards agents. */
@Module({
  providers: [
    DroppedMessages,
    HeartbeatCollector,
    HostRegistrations,
    HostRegistrar,
    AgentInbox,
    AgentService,
    DecommissionWatch,
  ],
})
export class AgentsModule {}
