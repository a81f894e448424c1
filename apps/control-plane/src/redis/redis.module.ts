import { Global, Module } from '@nestjs/common';
import { RedisBus } from './redis.bus';

/** Messages between replicas, for every module. */
@Global()
@Module({ providers: [RedisBus], exports: [RedisBus] })
export class RedisModule {}
