/** The messages of proto/, with their fields as ts-proto names them, and arbitrary values for each. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';

interface Field {
  readonly name: string;
  readonly type: string;
  readonly kind: 'one' | 'many' | 'map' | 'oneof';
}

const DIRECTORY = path.resolve(__dirname, '../../../../proto/luofleet/v1');

/** Field by field of each message; enums have none. */
export const PROTO_MESSAGES: ReadonlyMap<string, readonly Field[]> = new Map(
  readdirSync(DIRECTORY)
    .map((file) => readFileSync(path.join(DIRECTORY, file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^message (\w+) \{(.*?)^\}/gms)])
    .map(([, name = '', body = '']) => [name, fieldsOf(body)]),
);

function fieldsOf(body: string): Field[] {
  const oneof = /oneof \w+ \{(.*?)\}/s.exec(body)?.[1] ?? '';
  const fields = body.matchAll(/^ +(repeated )?(map<string, string>|[\w.]+) (\w+) = \d+;/gm);
  return [...fields].map(([line, many, type = '', name = '']) => ({
    name: name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    type,
    kind: oneof.includes(line.trim())
      ? 'oneof'
      : type.startsWith('map')
        ? 'map'
        : many
          ? 'many'
          : 'one',
  }));
}

const U64_MAX = 2n ** 64n - 1n;
const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, U64_MAX, 1_700_000_000_000n),
  fc.bigInt({ min: 0n, max: U64_MAX }),
);
const i32 = fc.oneof(fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());

/** Any message of this name, with `texts` in every text of it. */
export function protoMessage(name: string, texts: fc.Arbitrary<string>): fc.Arbitrary<object> {
  const fields = PROTO_MESSAGES.get(name);
  if (!fields) throw new Error(`proto/ has no message ${name}`);
  const oneof = fields.filter(({ kind }) => kind === 'oneof');
  const others = fields.filter(({ kind }) => kind !== 'oneof');
  const record = Object.fromEntries(others.map((field) => [field.name, fieldValue(field, texts)]));
  if (oneof.length === 0) return fc.record(record);
  const choice = fc.oneof(
    ...oneof.map((field) =>
      fc.record({ $case: fc.constant(field.name), value: scalar(field.type, texts) }),
    ),
  );
  return fc.record({ ...record, message: choice });
}

function fieldValue({ type, kind }: Field, texts: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  if (kind === 'map') return fc.dictionary(texts, texts, { maxKeys: 3 });
  const value = scalar(type, texts);
  return kind === 'many' ? fc.array(value, { maxLength: 2 }) : value;
}

function scalar(type: string, texts: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return texts;
    case 'uint64':
      return u64;
    case 'int32':
      return i32;
    case 'uint32':
      return i32.map((value) => value >>> 0);
    case 'double':
      return fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity));
    case 'bool':
      return fc.boolean();
    case 'google.protobuf.Struct':
      return fc.dictionary(texts, fc.oneof(texts, fc.jsonValue()), { maxKeys: 4 });
    default:
      // An enum is any number on the wire.
      return PROTO_MESSAGES.has(type)
        ? protoMessage(type, texts)
        : fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(99, -1));
  }
}
