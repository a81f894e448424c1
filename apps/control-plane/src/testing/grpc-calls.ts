/** Calls of the OperatorService as a client makes them. */
import { Metadata, type ServiceError } from '@grpc/grpc-js';

type Answered<Response> = (error: ServiceError | null, response: Response) => void;

export function grpcCall<Response>(
  ask: (metadata: Metadata, answered: Answered<Response>) => unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) =>
    ask(metadata, (error, response) => (error ? reject(error) : resolve(response))),
  );
}

export interface Refusal {
  /** gRPC status. */
  readonly status: number;
  readonly code: unknown;
  readonly details: string;
  readonly errors: readonly { readonly path: string }[];
}

/** `code`, gRPC status and faults of a call that has to be refused. */
export async function grpcRefusal(answer: Promise<unknown>): Promise<Refusal> {
  const error = (await answer.then(
    () => Promise.reject(new Error('was not refused')),
    (refused: unknown) => refused,
  )) as ServiceError;
  const [faults] = error.metadata.get('errors-bin');
  return {
    status: error.code,
    code: error.metadata.get('code')[0],
    details: error.details,
    errors: faults === undefined ? [] : (JSON.parse(faults.toString()) as { path: string }[]),
  };
}
