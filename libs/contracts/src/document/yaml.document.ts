import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { describeThrown } from '@luofleet/platform/text';
import { DOCUMENT_DEPTH_MAX, type DocumentResult, fault, keyFault, tooDeep } from './document';

/** YAML takes a parser long; what people write is far shorter. */
export const YAML_LENGTH_MAX = 32_768;

/** Aliases a document may resolve; a manifest has none, a bomb has millions. */
const ALIASES_MAX = 100;

/** Reads one YAML document, JSON among them; see document.ts. What is read once, at a start, may be longer. */
export function readYaml(text: string, lengthMax = YAML_LENGTH_MAX): DocumentResult {
  if (text.length > lengthMax) return fault([], `YAML has at most ${lengthMax} characters here`);
  try {
    return read(text);
  } catch (cause) {
    // Its recursion has no bound of its own.
    if (cause instanceof RangeError) return tooDeep([]);
    return fault([], describeThrown(cause));
  }
}

function read(text: string): DocumentResult {
  // Keys are compared here and not by the parser, which takes quadratic time for it and tells 1 from "1".
  const lines = new LineCounter();
  const options = { schema: 'core', uniqueKeys: false, prettyErrors: true } as const;
  const document = parseDocument(text, { ...options, lineCounter: lines });
  const [first] = document.errors;
  if (first) {
    if (first.message.startsWith('Maximum call stack')) return tooDeep([]);
    const at = first.linePos?.[0];
    const what = first.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
    return fault([], at ? `${what} at line ${at.line}, column ${at.col}` : `${what}`);
  }
  const { contents } = document;
  const wrong = contents === null ? null : faultIn(contents, [], lines);
  return wrong ?? { kind: 'value', value: document.toJS({ maxAliasCount: ALIASES_MAX }) };
}

function faultIn(
  node: unknown,
  path: readonly PropertyKey[],
  lines: LineCounter,
): DocumentResult | null {
  if (!isSeq(node) && !isMap(node)) return null;
  if (path.length >= DOCUMENT_DEPTH_MAX) return tooDeep(path);
  if (isSeq(node))
    return firstFault(node.items, (item, index) => faultIn(item, [...path, index], lines));
  const before = new Set<string>();
  return firstFault(node.items, ({ key, value }) => {
    if (!isScalar(key) || isAlias(key)) return fault(path, 'has a key that is no plain text');
    const name = key.value === null ? '' : String(key.value);
    const wrong = keyFault(name, before);
    before.add(name);
    if (wrong === null) return faultIn(value as Node, [...path, name], lines);
    const { line, col } = lines.linePos(key.range?.[0] ?? 0);
    return fault([...path, name], `${wrong}, at line ${line}, column ${col}`);
  });
}

function firstFault<Item>(
  items: readonly Item[],
  faultOf: (item: Item, index: number) => DocumentResult | null,
): DocumentResult | null {
  for (const [index, item] of items.entries()) {
    const wrong = faultOf(item, index);
    if (wrong !== null) return wrong;
  }
  return null;
}
