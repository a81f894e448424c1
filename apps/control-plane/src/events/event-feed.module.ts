import { Module } from '@nestjs/common';
import { EventFeed } from './event-feed';

@Module({ providers: [EventFeed], exports: [EventFeed] })
export class EventFeedModule {}
