import { Module } from '@nestjs/common';
import { AgentService } from './agent.service';
import { HeartbeatCollector } from './heartbeat.collector';

/** The api role's side towards agents. */
@Module({ providers: [HeartbeatCollector, AgentService] })
export class AgentsModule {}
