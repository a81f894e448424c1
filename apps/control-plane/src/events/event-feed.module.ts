import { Module } from '@nestjs/common';
import { EventFeed } from './event-feed';
import { WakeUpBus } from './wake-up.bus';

@Module({ providers: [EventFeed, WakeUpBus], exports: [EventFeed] })
export class EventFeedModule {}
