/**
 * DOC: label selectors
 *
 * Purpose: chooses hosts by their labels, in one line of text that an operator can type.
 *
 * Grammar: requirements with commas between them, all of which must hold; empty text matches every host.
 *
 *     zone=a            the label is there and equal (also zone==a)
 *     env!=prod         the label is not there or differs
 *     role in (db,web)  the label is there and one of these
 *     role notin (db)   the label is not there or none of these
 *     gpu               the label is there
 *     !gpu              the label is not there
 *
 * The key `name` means the host's name; no label is called so. Keys and values are those that labels may have (a value may
 * be empty: `zone=`), names of hosts are longer. White space between words does not matter.
 *
 * Unhappy path: the first mistake is reported with its position, counted in UTF-16 units from 0.
 */
import {
  BUILT_IN_LABEL_KEYS,
  LABEL_KEY_PATTERN,
  LABEL_KEY_RULE,
  LABEL_VALUE_PATTERN,
  LABEL_VALUE_RULE,
} from './label-rule';

export interface Selectable {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SelectorRequirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent';
  /** Empty for exists and absent. */
  readonly values: readonly string[];
}

export interface Selector {
  readonly requirements: readonly SelectorRequirement[];
  readonly matches: (host: Selectable) => boolean;
}

export interface SelectorProblem {
  readonly position: number;
  readonly message: string;
}

export type SelectorResult =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'invalid'; readonly problem: SelectorProblem };

/** Longer text is not something a person typed; it bounds what one request can make the server parse. */
export const SELECTOR_LENGTH_MAX = 4096;

/** Never throws; a mistake is a value with its position. */
export function parseSelector(text: string): SelectorResult {
  if (text.length > SELECTOR_LENGTH_MAX) {
    const message = `a selector has at most ${SELECTOR_LENGTH_MAX} characters`;
    return { kind: 'invalid', problem: { position: SELECTOR_LENGTH_MAX, message } };
  }
  const reader = new SelectorReader(text);
  const requirements = reader.readAll();
  if (!Array.isArray(requirements)) return { kind: 'invalid', problem: requirements };
  const matches = (host: Selectable): boolean =>
    requirements.every((requirement) => isMet(requirement, host));
  return { kind: 'selector', selector: { requirements, matches } };
}

function isMet({ key, operator, values }: SelectorRequirement, host: Selectable): boolean {
  const value = valueOf(key, host);
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
  }
}

function valueOf(key: string, host: Selectable): string | undefined {
  if (key === 'name') return host.name;
  // A label called `constructor` is there only when somebody set it.
  return Object.hasOwn(host.labels, key) ? host.labels[key] : undefined;
}

type Read<T> = T | SelectorProblem;

function isProblem(read: unknown): read is SelectorProblem {
  return typeof read === 'object' && read !== null && 'message' in read;
}

/** Recursive descent over one text; every `read…` method leaves the position behind what it read. */
class SelectorReader {
  private position = 0;

  constructor(private readonly text: string) {}

  readAll(): SelectorRequirement[] | SelectorProblem {
    const requirements: SelectorRequirement[] = [];
    this.skipSpace();
    if (this.atEnd()) return requirements;
    for (;;) {
      const requirement = this.readRequirement();
      if (isProblem(requirement)) return requirement;
      requirements.push(requirement);
      if (this.atEnd()) return requirements;
      if (!this.take(',')) return this.problem('expected "," or the end');
    }
  }

  private readRequirement(): Read<SelectorRequirement> {
    if (this.take('!')) {
      const key = this.readKey();
      return isProblem(key) ? key : { key, operator: 'absent', values: [] };
    }
    const key = this.readKey();
    if (isProblem(key)) return key;
    const differs = this.take('!=');
    if (differs || this.take('==') || this.take('=')) {
      const value = this.readValue(key);
      if (isProblem(value)) return value;
      return { key, operator: differs ? 'notin' : 'in', values: [value] };
    }
    const start = this.position;
    const word = this.readWord();
    if (word === '') return { key, operator: 'exists', values: [] };
    if (word !== 'in' && word !== 'notin') {
      return { position: start, message: `expected "=", "!=", "in" or "notin" after "${key}"` };
    }
    const values = this.readSet(word, key);
    return isProblem(values) ? values : { key, operator: word, values };
  }

  private readSet(operator: string, key: string): Read<string[]> {
    if (!this.take('(')) return this.problem(`expected "(" after "${operator}"`);
    const values: string[] = [];
    do {
      const value = this.readValue(key);
      if (isProblem(value)) return value;
      if (value === '') return this.problem('expected a value');
      values.push(value);
    } while (this.take(','));
    return this.take(')') ? values : this.problem('expected "," or ")"');
  }

  private readKey(): Read<string> {
    const position = this.position;
    const key = this.readWord();
    if (key === '') return this.problem('expected a label key');
    return LABEL_KEY_PATTERN.test(key) ? key : { position, message: LABEL_KEY_RULE };
  }

  /** A value that a label of this key may have; for `name`, what is in a host's name. */
  private readValue(key: string): Read<string> {
    const position = this.position;
    const value = this.readWord();
    const canBe = BUILT_IN_LABEL_KEYS.includes(key) || LABEL_VALUE_PATTERN.test(value);
    return canBe ? value : { position, message: LABEL_VALUE_RULE };
  }

  private readWord(): string {
    const pattern = /[A-Za-z0-9_./-]*/y;
    pattern.lastIndex = this.position;
    const word = pattern.exec(this.text)?.[0] ?? '';
    this.position += word.length;
    this.skipSpace();
    return word;
  }

  private take(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.position)) return false;
    this.position += symbol.length;
    this.skipSpace();
    return true;
  }

  private skipSpace(): void {
    while (/\s/.test(this.text.charAt(this.position))) this.position += 1;
  }

  private atEnd(): boolean {
    return this.position >= this.text.length;
  }

  private problem(expected: string): SelectorProblem {
    const character = String.fromCodePoint(this.text.codePointAt(this.position) ?? 0);
    const found = this.atEnd() ? 'the end' : `"${character}"`;
    return { position: this.position, message: `${expected}, found ${found}` };
  }
}
