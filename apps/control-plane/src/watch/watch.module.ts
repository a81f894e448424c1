import { Global, Module } from '@nestjs/common';
import { FleetWatch } from './fleet.watch';
import { QueuedCommandsPoll } from './queued-commands.poll';

/** What every replica looks at by itself. */
@Global()
@Module({ providers: [FleetWatch, QueuedCommandsPoll], exports: [FleetWatch] })
export class WatchModule {}
