/**
 * DOC: label selectors
 *
 * Purpose: one text form for "which hosts", the same in manifests, REST, gRPC and the CLI.
 *
 *   selector    = "" | requirement *("," requirement)          all must hold; empty matches every host
 *   requirement = key | "!" key | key "=" value | key "!=" value
 *               | key "in" "(" value *("," value) ")" | key "notin" "(" value *("," value) ")"
 *
 * Happy path: text -> list of requirements. `!=` and `notin` also match hosts without the label, `in` and `=` do not.
 * Unhappy path: the first fault, with its position (0-based) in the text; nothing is guessed.
 */

export type Requirement =
  | { readonly kind: 'in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'not-in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly key: string }
  | { readonly kind: 'absent'; readonly key: string };

export type SelectorParse =
  | { readonly ok: true; readonly requirements: readonly Requirement[] }
  | { readonly ok: false; readonly position: number; readonly message: string };

/** A selector longer than this is refused before it is read. */
export const SELECTOR_LENGTH_MAX = 2000;

class SelectorFault extends Error {
  constructor(
    readonly position: number,
    message: string,
  ) {
    super(message);
  }
}

/** Cursor over the selector text; every method leaves it after what it has read. */
class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  skipSpace(): void {
    while (/\s/.test(this.text.charAt(this.position))) this.position += 1;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  take(token: string): boolean {
    if (!this.text.startsWith(token, this.position)) return false;
    this.position += token.length;
    return true;
  }

  /** A label key or value; `what` names it in the fault. */
  word(what: string, pattern: RegExp): string {
    const match = pattern.exec(this.text.slice(this.position));
    if (!match) this.fault(`expected ${what}`);
    this.position += match[0].length;
    return match[0];
  }

  /** The keyword when it stands here as a whole word. */
  keyword(word: 'in' | 'notin'): boolean {
    const match = /^[A-Za-z]+(?=[\s(])/.exec(this.text.slice(this.position));
    if (match?.[0] !== word) return false;
    this.position += word.length;
    return true;
  }

  fault(expectation: string): never {
    const found = this.atEnd ? 'the end' : `"${this.text.charAt(this.position)}"`;
    throw new SelectorFault(this.position, `${expectation}, found ${found}`);
  }
}

const KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?/;
const VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?/;

/** Reads a selector. Never throws on bad text: the fault and where it is are the result. */
export function parseSelector(text: string): SelectorParse {
  if (text.length > SELECTOR_LENGTH_MAX)
    return {
      ok: false,
      position: SELECTOR_LENGTH_MAX,
      message: `a selector has at most ${SELECTOR_LENGTH_MAX} characters`,
    };
  try {
    return { ok: true, requirements: readRequirements(new Reader(text)) };
  } catch (error) {
    if (error instanceof SelectorFault)
      return { ok: false, position: error.position, message: error.message };
    throw error;
  }
}

function readRequirements(reader: Reader): Requirement[] {
  const requirements: Requirement[] = [];
  reader.skipSpace();
  if (reader.atEnd) return requirements;
  for (;;) {
    requirements.push(readRequirement(reader));
    reader.skipSpace();
    if (reader.atEnd) return requirements;
    if (!reader.take(',')) reader.fault('expected "," between two requirements');
  }
}

function readRequirement(reader: Reader): Requirement {
  reader.skipSpace();
  if (reader.take('!')) {
    reader.skipSpace();
    return { kind: 'absent', key: reader.word('a label key after "!"', KEY) };
  }
  const key = reader.word('a label key', KEY);
  reader.skipSpace();
  if (reader.take('!=')) return { kind: 'not-in', key, values: [readValue(reader, '"!="')] };
  if (reader.take('==') || reader.take('='))
    return { kind: 'in', key, values: [readValue(reader, '"="')] };
  if (reader.keyword('in')) return { kind: 'in', key, values: readValues(reader) };
  if (reader.keyword('notin')) return { kind: 'not-in', key, values: readValues(reader) };
  return { kind: 'exists', key };
}

function readValue(reader: Reader, after: string): string {
  reader.skipSpace();
  return reader.word(`a label value after ${after}`, VALUE);
}

function readValues(reader: Reader): string[] {
  reader.skipSpace();
  if (!reader.take('(')) reader.fault('expected "("');
  const values: string[] = [];
  for (;;) {
    values.push(readValue(reader, values.length === 0 ? '"("' : '","'));
    reader.skipSpace();
    if (reader.take(')')) return values;
    if (!reader.take(',')) reader.fault('expected "," or ")"');
  }
}
