/**
 * DOC: documents that people write
 *
 * Purpose: JSON and YAML text to a value, with the same strictness for both, wherever such text comes in: bodies of requests,
 * manifests of the CLI, configurations.
 *
 * Happy path: the value; what it must look like is the schema's business.
 * Unhappy paths, each a fault that names the place: text that is neither; a key that is there twice, of which one would
 * silently win; a key `__proto__`, which would vanish or become something else; nesting that nobody writes by hand; YAML
 * whose aliases multiply, or that is longer than YAML_LENGTH_MAX.
 */
import { cleanText } from '@luofleet/platform/text';
import { formatPath } from '../request/faults';

export interface DocumentFault {
  /** Where in the document; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type DocumentResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly fault: DocumentFault };

/** Deeper than any manifest or configuration, and far from what a recursive reader can not take. */
export const DOCUMENT_DEPTH_MAX = 32;

/** Parsers' words repeat what they found. */
const MESSAGE_LENGTH_MAX = 300;

/** What is wrong with a key beside those that came before it in the same object; null when nothing is. */
export function keyFault(key: string, before: ReadonlySet<string>): string | null {
  if (key === '__proto__') return 'is no field that anything can have';
  return before.has(key) ? 'is there twice; one of them would be ignored' : null;
}

export function fault(path: readonly PropertyKey[], message: string): DocumentResult {
  const told = { path: formatPath(path), message: cleanText(message, MESSAGE_LENGTH_MAX) };
  return { kind: 'fault', fault: told };
}

export const DEPTH_MESSAGE = `is nested more than ${DOCUMENT_DEPTH_MAX} deep`;
