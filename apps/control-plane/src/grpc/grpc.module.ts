import { Global, Module } from '@nestjs/common';
import { GrpcServer } from './grpc.server';

/** The gRPC port, for every module that has a service to add. */
@Global()
@Module({ providers: [GrpcServer], exports: [GrpcServer] })
export class GrpcModule {}
