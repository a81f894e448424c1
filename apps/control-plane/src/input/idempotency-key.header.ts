import { LuofleetError } from '@luofleet/platform';

const PATTERN = /^[\x21-\x7e]{1,200}$/;

/**
 * The idempotency key of a request; undefined when there is none.
 * @throws LuofleetError INVALID_INPUT
 */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || PATTERN.test(header)) return header;
  const message = 'is 1 to 200 visible ASCII characters';
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read idempotency key',
    subject: 'request',
    detail: `The request is not valid: Idempotency-Key ${message}.`,
    issues: [{ path: 'Idempotency-Key', message }],
  });
}
