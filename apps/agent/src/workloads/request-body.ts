// Bodies of the workload socket. Checked by hand and not with zod: new instances register inside the blackout, and
// loading a schema library there would cost every host more than these few fields are worth.
import type { IncomingMessage } from 'node:http';
import { readJson } from '@luofleet/contracts/json';
import { cleanText } from '@luofleet/platform/text';
import { WorkloadProblem } from './workload-problem';

/** The largest body has a sentence in it; one that is far too long is cut afterwards, and not refused: it says why. */
const BODY_BYTES_MAX = 2 ** 20;

const REASON_LENGTH_MAX = 2000;

/** What a workload gives as its reason, fit to be kept and shown. */
export const cleanReason = (reason: string): string => cleanText(reason, REASON_LENGTH_MAX, 'many');

type FieldType = 'string' | 'integer' | 'boolean';
type FieldValue<T extends FieldType> = T extends 'string'
  ? string
  : T extends 'integer'
    ? number
    : boolean;

export type Shape = Record<string, { type: FieldType; optional?: true }>;
export type Body<S extends Shape> = {
  [K in keyof S]: S[K]['optional'] extends true
    ? FieldValue<S[K]['type']> | undefined
    : FieldValue<S[K]['type']>;
};

/** Reads a JSON object with exactly these fields. Throws WorkloadProblem that names every wrong field. */
export async function readBody<S extends Shape>(
  request: IncomingMessage,
  shape: S,
): Promise<Body<S>> {
  const read = readJson(await readText(request));
  if (read.kind === 'fault') {
    const { path, message } = read.fault;
    throw path === ''
      ? badBody(`the body is not JSON: ${message}`)
      : badBody('the body has wrong fields', [{ path, message }]);
  }
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badBody('the body must be a JSON object');
  }
  const fields = value as Record<string, unknown>;
  const errors = [
    ...Object.keys(fields)
      .filter((name) => !Object.hasOwn(shape, name))
      .map((name) => ({ path: name, message: 'unknown field' })),
    ...Object.entries(shape).flatMap(([name, { type, optional }]) => {
      const given = fields[name];
      if (given === undefined) return optional ? [] : [{ path: name, message: `missing ${type}` }];
      const fits = type === 'integer' ? Number.isSafeInteger(given) : typeof given === type;
      return fits ? [] : [{ path: name, message: `must be of type ${type}` }];
    }),
  ];
  if (errors.length > 0) throw badBody('the body has wrong fields', errors);
  return fields as Body<S>;
}

const badBody = (detail: string, errors: Array<{ path: string; message: string }> = []) =>
  new WorkloadProblem(400, 'BAD_BODY', 'Bad request body', detail, errors);

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_BYTES_MAX) {
      const detail = `a body may have ${BODY_BYTES_MAX} bytes`;
      throw new WorkloadProblem(413, 'BODY_TOO_LARGE', 'Body too large', detail);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const U64_MAX = 2n ** 64n - 1n;

/** A token as `0x…` or decimal. */
export function parseToken(text: string): bigint {
  const valid = /^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(text);
  const token = valid ? BigInt(text) : -1n;
  if (token < 0n || token > U64_MAX) {
    const detail = `token "${text}" is not a u64 in decimal or 0x… notation`;
    throw new WorkloadProblem(400, 'BAD_TOKEN', 'Bad token', detail);
  }
  return token;
}
