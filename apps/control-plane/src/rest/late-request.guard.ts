import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GrpcServer } from '../grpc/grpc.server';

/** Keeps what an operator has asked for from being done after this process stood still. Reading harms nobody. */
@Injectable()
export class LateRequestGuard implements CanActivate {
  constructor(@Inject(GrpcServer) private readonly grpc: GrpcServer) {}

  canActivate(context: ExecutionContext): boolean {
    const { method, url } = context.switchToHttp().getRequest<FastifyRequest>();
    if (method !== 'GET') this.grpc.arrivals.assertInTime(`${method} ${url}`);
    return true;
  }
}
