import { cleanText } from './clean-text';

const LENGTH_MAX = 2_000;
const DEPTH_MAX = 8;

/**
 * One line for people out of whatever was thrown, with its causes: never empty, never "[object Object]", bounded, and never
 * throwing itself, be it that a getter does.
 */
export function describeThrown(thrown: unknown): string {
  const parts: string[] = [];
  for (const { words } of thrownChain(thrown))
    if (words !== '' && !parts.at(-1)?.includes(words)) parts.push(words);
  return cleanText(parts.join(': ') || 'something without a message', LENGTH_MAX);
}

/** What was thrown and its causes, each as its name and its words, outermost first; never throws either. */
export function thrownChain(thrown: unknown): Array<{ name: string; words: string }> {
  const chain: Array<{ name: string; words: string }> = [];
  const seen = new Set<unknown>();
  let current = thrown;
  while (chain.length < DEPTH_MAX && !seen.has(current)) {
    seen.add(current);
    chain.push({ name: textOf(fieldOf(current, 'name')), words: wordsOf(current).trim() });
    current = fieldOf(current, 'cause');
    if (current === undefined || current === null) break;
  }
  return chain;
}

function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown !== 'object' || thrown === null) return safely(() => String(thrown));
  const code = textOf(fieldOf(thrown, 'code'));
  const said = textOf(fieldOf(thrown, 'message')) || textOf(fieldOf(thrown, 'detail'));
  const inner = fieldOf(thrown, 'errors');
  const each = safely(() =>
    Array.isArray(inner) ? inner.slice(0, DEPTH_MAX).map(briefly).join('; ') : '',
  );
  const words = [said, each].filter((one) => one !== '').join(': ');
  if (words !== '') return words;
  if (code !== '') return code;
  const name = textOf(fieldOf(thrown, 'name'));
  return name !== '' ? name : `a thrown object ${safely(() => JSON.stringify(thrown) ?? '')}`;
}

/** One of many: its own words, without what is within it. */
const briefly = (thrown: unknown): string =>
  typeof thrown === 'string'
    ? thrown
    : textOf(fieldOf(thrown, 'message')) || textOf(fieldOf(thrown, 'code'));

function fieldOf(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === 'object' && thrown !== null
      ? (thrown as Record<string, unknown>)[name]
      : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function safely(words: () => string): string {
  try {
    return words();
  } catch {
    return '';
  }
}
