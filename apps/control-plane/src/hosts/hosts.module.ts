import { Module } from '@nestjs/common';
import { HostLifecycle } from './host-lifecycle.service';

/** Taking hosts out of the fleet and back in, for REST and gRPC alike. */
@Module({ providers: [HostLifecycle], exports: [HostLifecycle] })
export class HostsModule {}
