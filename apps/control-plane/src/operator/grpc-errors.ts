import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { LuofleetError } from '@luofleet/platform';
import { statusText } from '../grpc/status-text';

/**
 * A LuofleetError as a gRPC status. Trailing metadata has `code` (as in problem+json) and, when there are faults,
 * `errors-bin`: the same list of `{path, message}` as JSON.
 */
export function grpcStatusOf(error: LuofleetError): Partial<ServiceError> {
  const metadata = new Metadata();
  metadata.set('code', error.code);
  if (error.issues.length > 0)
    metadata.set('errors-bin', Buffer.from(JSON.stringify(fitting(error.issues))));
  return { code: error.mapping.grpcStatus, details: statusText(error), metadata };
}

/** Trailing metadata has to fit into a header; who has more faults mends these first. */
const FAULTS_LENGTH_MAX = 4000;

function fitting(issues: LuofleetError['issues']): LuofleetError['issues'] {
  let length = 0;
  return issues.filter(({ path, message }) => {
    length += path.length + message.length + 24;
    return length <= FAULTS_LENGTH_MAX;
  });
}
