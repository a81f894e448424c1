/**
 * DOC: answers of an older control plane
 *
 * Purpose: who asks a control plane that is older than these contracts still understands it.
 *
 * Happy path: every field is there.
 * Unhappy path: a field that came later is not: it means what `addedLater` says beside the field. Every field that is added
 * to an answer is wrapped in it; those of the first version, without which an answer is something else, are not.
 */
import { z } from 'zod';

const BEFORE = z.registry<{ readonly means: unknown }>();

/** A field of an answer, outermost, and what it means that it is absent. */
export function addedLater<Schema extends z.ZodType>(
  schema: Schema,
  means: z.output<Schema>,
): Schema {
  BEFORE.add(schema, { means });
  return schema;
}

/** The answer as it came, with those fields of the contract that came later than who gave it. */
export function completed(schema: z.core.$ZodType, answer: unknown): unknown {
  if (answer === undefined) return BEFORE.get(schema)?.means;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'nullable') return completed(def.innerType, answer);
  if (def.type === 'array' && Array.isArray(answer))
    return answer.map((item) => completed(def.element, item));
  if (def.type !== 'object' || typeof answer !== 'object' || answer === null) return answer;
  const fields = Object.entries(def.shape).flatMap(([name, field]) => {
    const value = completed(field, (answer as Record<string, unknown>)[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...answer, ...Object.fromEntries(fields) };
}
