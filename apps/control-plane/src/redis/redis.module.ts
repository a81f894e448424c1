import { Global, Module } from '@nestjs/common';
import { WakeUpBus } from '../events/wake-up.bus';
import { RedisBus } from './redis.bus';

/** Messages between replicas, for every module. */
@Global()
@Module({ providers: [RedisBus, WakeUpBus], exports: [RedisBus] })
export class RedisModule {}
