/** The messages of proto/, with their fields as ts-proto names them, and arbitrary values for each. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';

interface Field {
  readonly name: string;
  readonly type: string;
  readonly kind: 'one' | 'many' | 'map' | 'oneof';
  /** The oneof it belongs to; empty without one. */
  readonly group: string;
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
  const [oneof = '', group = ''] = /oneof (\w+) \{.*?\}/s.exec(body) ?? [];
  const fields = [...body.matchAll(/^ +(repeated )?(map<string, string>|[\w.]+) (\w+) = \d+;/gm)];
  // A field that this does not read would go untested.
  if (fields.length !== [...body.matchAll(/= \d+;/g)].length)
    throw new Error(`a field is not understood in:${body}`);
  return fields.map(([line, many, type = '', name = '']) => ({
    name: name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    type,
    kind: oneof.includes(line.trim())
      ? 'oneof'
      : type.startsWith('map')
        ? 'map'
        : many
          ? 'many'
          : 'one',
    group: oneof.includes(line.trim()) ? group : '',
  }));
}

function fieldsIn(name: string): readonly Field[] {
  const fields = PROTO_MESSAGES.get(name);
  if (!fields) throw new Error(`proto/ has no message ${name}`);
  return fields;
}

const U64_MAX = 2n ** 64n - 1n;
const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, U64_MAX, 1_700_000_000_000n),
  fc.bigInt({ min: 0n, max: U64_MAX }),
);
const i32 = fc.oneof(fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());

/** Any message of this name, with `texts` in every text of it. */
export function protoMessage(name: string, texts: fc.Arbitrary<string>): fc.Arbitrary<object> {
  const fields = fieldsIn(name);
  const oneof = fields.filter(({ kind }) => kind === 'oneof');
  const others = fields.filter(({ kind }) => kind !== 'oneof');
  const record = Object.fromEntries(others.map((field) => [field.name, fieldValue(field, texts)]));
  if (oneof.length === 0) return fc.record(record);
  const choice = fc.oneof(
    ...oneof.map((field) =>
      fc.record({ $case: fc.constant(field.name), value: scalar(field.type, texts) }),
    ),
  );
  return fc.record({ ...record, [oneof[0]?.group ?? '']: choice });
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

/** What stands in every text, and in every Struct, of a message that has all of its fields. */
export interface Sample {
  readonly text: string;
  readonly struct: object;
}

/** Messages of this name with all of their fields, one for each case of a oneof. */
export function sampleMessages(name: string, sample: Sample): object[] {
  const fields = fieldsIn(name);
  const oneof = fields.filter(({ kind }) => kind === 'oneof');
  const rest = Object.fromEntries(
    fields
      .filter(({ kind }) => kind !== 'oneof')
      .map((field) => [field.name, sampleField(field, sample)]),
  );
  if (oneof.length === 0) return [rest];
  return oneof.flatMap(({ name: $case, type, group }) =>
    sampleScalars(type, sample).map((value) => ({ ...rest, [group]: { $case, value } })),
  );
}

function sampleField({ type, kind }: Field, sample: Sample): unknown {
  if (kind === 'map') return { [sample.text]: sample.text };
  const [value] = sampleScalars(type, sample);
  return kind === 'many' ? [value] : value;
}

function sampleScalars(type: string, sample: Sample): unknown[] {
  switch (type) {
    case 'string':
      return [sample.text];
    case 'uint64':
      return [0n];
    case 'bool':
      return [true];
    case 'google.protobuf.Struct':
      return [sample.struct];
    default:
      return PROTO_MESSAGES.has(type) ? sampleMessages(type, sample) : [1];
  }
}
