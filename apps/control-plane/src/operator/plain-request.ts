import { plainTextFault } from '@luofleet/platform/text';
import { formatPath } from '@luofleet/contracts';
import { LuofleetError } from '@luofleet/platform';
import { assertReadable, type UnreadableMessage } from '../grpc/unreadable-message';

/**
 * A request as it was sent, if every text in it is one that people may send; how long each may be is its schema's business.
 * @throws LuofleetError INVALID_INPUT with the field
 */
export function assertPlain<Request>(request: Request | UnreadableMessage): Request {
  const message = assertReadable(request);
  const wrong = faultIn(message, []);
  if (wrong === null) return message;
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read request',
    subject: 'request',
    detail: `The request is not valid: ${wrong.path} ${wrong.message}.`,
    issues: [wrong],
  });
}

type Fault = { readonly path: string; readonly message: string } | null;

function faultIn(value: unknown, path: readonly PropertyKey[]): Fault {
  if (typeof value === 'string') {
    const message = plainTextFault(value, 'many');
    return message === null ? null : { path: formatPath(path), message };
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return null;
  if (Array.isArray(value)) return firstFault([...value.entries()], path);
  const prototype: unknown = Object.getPrototypeOf(value);
  // A field `__proto__` of a Struct: it would be there for whoever reads a field, and for nobody who lists them.
  if (prototype !== Object.prototype && prototype !== null)
    return {
      path: formatPath([...path, '__proto__']),
      message: 'is no field that anything can have',
    };
  return firstFault(Object.entries(value), path);
}

function firstFault(
  fields: readonly [PropertyKey, unknown][],
  path: readonly PropertyKey[],
): Fault {
  for (const [name, value] of fields) {
    const wrong = faultIn(value, [...path, name]);
    if (wrong !== null) return wrong;
  }
  return null;
}
