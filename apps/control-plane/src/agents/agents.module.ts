import { Module } from '@nestjs/common';
import { AgentInbox } from './agent.inbox';
import { AgentService } from './agent.service';
import { HeartbeatCollector } from './heartbeat.collector';
import { HostRegistrar } from './host.registrar';

/** The api role's side towards agents. */
@Module({ providers: [HeartbeatCollector, HostRegistrar, AgentInbox, AgentService] })
export class AgentsModule {}
