/** gRPC status codes by name, as numbered by the gRPC protocol; here so that no transport is imported. */
const GRPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** What one error code means at each border. */
export interface ErrorMapping {
  readonly httpStatus: number;
  readonly grpcStatus: number;
  /** Exit code of a command-line program: 1 failed, 2 wrong usage, 3 unreachable, 4 not allowed. */
  readonly exitCode: 1 | 2 | 3 | 4;
  /** Short title, the same for every error of this code. */
  readonly title: string;
}

/** The one table from error codes to statuses. A code means the same thing on every border. */
export const ERROR_CODES = {
  INVALID_INPUT: {
    httpStatus: 400,
    grpcStatus: GRPC.invalidArgument,
    exitCode: 2,
    title: 'The input is not valid',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    grpcStatus: GRPC.unauthenticated,
    exitCode: 4,
    title: 'Nobody is signed in',
  },
  FORBIDDEN: {
    httpStatus: 403,
    grpcStatus: GRPC.permissionDenied,
    exitCode: 4,
    title: 'This is not allowed',
  },
  NOT_FOUND: {
    httpStatus: 404,
    grpcStatus: GRPC.notFound,
    exitCode: 1,
    title: 'There is no such thing',
  },
  ALREADY_EXISTS: {
    httpStatus: 409,
    grpcStatus: GRPC.alreadyExists,
    exitCode: 1,
    title: 'There is one already',
  },
  INVALID_TRANSITION: {
    httpStatus: 409,
    grpcStatus: GRPC.failedPrecondition,
    exitCode: 1,
    title: 'The present state does not allow this',
  },
  CONFLICT: {
    httpStatus: 409,
    grpcStatus: GRPC.aborted,
    exitCode: 1,
    title: 'Somebody else changed it at the same time',
  },
  CURSOR_EXPIRED: {
    httpStatus: 410,
    grpcStatus: GRPC.outOfRange,
    exitCode: 1,
    title: 'The cursor is not of this record',
  },
  TOO_LARGE: {
    httpStatus: 413,
    grpcStatus: GRPC.resourceExhausted,
    exitCode: 2,
    title: 'The input is too large',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    httpStatus: 415,
    grpcStatus: GRPC.invalidArgument,
    exitCode: 2,
    title: 'The input has a type that is not understood',
  },
  INVALID_SETTINGS: {
    httpStatus: 500,
    grpcStatus: GRPC.failedPrecondition,
    exitCode: 2,
    title: 'The settings are not valid',
  },
  INTERNAL: {
    httpStatus: 500,
    grpcStatus: GRPC.internal,
    exitCode: 1,
    title: 'Something went wrong inside',
  },
  UNAVAILABLE: {
    httpStatus: 503,
    grpcStatus: GRPC.unavailable,
    exitCode: 3,
    title: 'Something that is needed does not answer',
  },
  DEADLINE_EXCEEDED: {
    httpStatus: 504,
    grpcStatus: GRPC.deadlineExceeded,
    exitCode: 1,
    title: 'It took too long',
  },
} as const satisfies Record<string, ErrorMapping>;

export type ErrorCode = keyof typeof ERROR_CODES;
