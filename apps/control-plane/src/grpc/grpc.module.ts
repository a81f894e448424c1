import { Global, Module } from '@nestjs/common';
import { ArrivalClock } from './arrival.clock';
import { GrpcServer } from './grpc.server';

/** The gRPC port, for every module that has a service to add. */
@Global()
@Module({ providers: [ArrivalClock, GrpcServer], exports: [GrpcServer] })
export class GrpcModule {}
