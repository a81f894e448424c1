import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { LuofleetError } from '@luofleet/platform';

/**
 * A LuofleetError as a gRPC status. Trailing metadata has `code` (as in problem+json) and, when there are faults,
 * `errors-bin`: the same list of `{path, message}` as JSON.
 */
export function grpcStatusOf(error: LuofleetError): Partial<ServiceError> {
  const metadata = new Metadata();
  metadata.set('code', error.code);
  if (error.issues.length > 0)
    metadata.set('errors-bin', Buffer.from(JSON.stringify(error.issues)));
  return { code: error.mapping.grpcStatus, details: error.message, metadata };
}
