import {
  Composer,
  type CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  Parser,
} from 'yaml';
import { describeThrown } from '@luofleet/platform/text';
import {
  DEPTH_MESSAGE,
  DOCUMENT_DEPTH_MAX,
  type DocumentResult,
  fault,
  keyFault,
} from './document';

/** YAML takes a parser long; what people write is far shorter. */
export const YAML_LENGTH_MAX = 32_768;

/** Aliases a document may resolve; a manifest has none, a bomb has millions. */
const ALIASES_MAX = 100;

export interface YamlFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of the character that it begins at. */
  readonly offset: number;
}

/** One document of a text: its value if it has no faults, and the nodes that tell where things are. */
export interface YamlDocument {
  readonly contents: ParsedNode | null;
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
}

/** Reads one YAML document, JSON among them; see document.ts. What is read once, at a start, may be longer. */
export function readYaml(text: string, lengthMax = YAML_LENGTH_MAX): DocumentResult {
  if (text.length > lengthMax) return fault([], `YAML has at most ${lengthMax} characters here`);
  const lines = new LineCounter();
  const [first, second] = readYamlDocuments(text, lines);
  if (second) return fault([], 'has more than one document');
  const [wrong] = first?.faults ?? [];
  if (wrong === undefined) return { kind: 'value', value: first?.value ?? null };
  const { line, col } = lines.linePos(wrong.offset);
  return fault(wrong.path, `${wrong.message}, at line ${line}, column ${col}`);
}

/** All documents of a text, each by the same strictness. */
export function readYamlDocuments(text: string, lineCounter: LineCounter): YamlDocument[] {
  // Keys are compared here and not by the parser, which takes quadratic time for it and tells 1 from "1".
  const options = { schema: 'core', uniqueKeys: false } as const;
  const broken = (message: string): YamlDocument[] => [
    { contents: null, value: undefined, faults: [{ path: [], message, offset: 0 }] },
  ];
  try {
    const tokens = [...new Parser(lineCounter.addNewLine).parse(text)];
    if (isTooDeep(tokens)) return broken(DEPTH_MESSAGE);
    return [...new Composer<ParsedNode>(options).compose(tokens)].map(readDocument);
  } catch (cause) {
    return broken(describeThrown(cause));
  }
}

/** Asked before anything recurses over the tokens: a stack that runs out can end the process. */
function isTooDeep(documents: readonly CST.Token[]): boolean {
  const open = documents.map((token): [CST.Token | null | undefined, number] => [token, 0]);
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, depth] = next;
    if (token?.type === 'document') open.push([token.value, depth]);
    if (!token || !('items' in token)) continue;
    if (depth >= DOCUMENT_DEPTH_MAX) return true;
    for (const { key, value } of token.items) open.push([key, depth + 1], [value, depth + 1]);
  }
  return false;
}

function readDocument(document: Document.Parsed<ParsedNode>): YamlDocument {
  const { contents, errors } = document;
  const broken = errors.map(({ message, pos }) => ({
    path: [],
    message,
    offset: pos[0],
  }));
  const faults = broken.length > 0 ? broken : faultsIn(contents, []);
  if (faults.length > 0) return { contents, value: undefined, faults };
  try {
    return { contents, value: document.toJS({ maxAliasCount: ALIASES_MAX }), faults };
  } catch (cause) {
    const offset = contents?.range[0] ?? 0;
    const message = describeThrown(cause);
    return { contents, value: undefined, faults: [{ path: [], message, offset }] };
  }
}

/** What the parser does not mind: keys, and depth. */
function faultsIn(node: Node | null, path: readonly PropertyKey[]): YamlFault[] {
  if (!isSeq<Node>(node) && !isMap<Node, Node>(node)) return [];
  if (path.length >= DOCUMENT_DEPTH_MAX)
    return [{ path: path.slice(0, 3), message: DEPTH_MESSAGE, offset: node.range?.[0] ?? 0 }];
  if (isSeq(node)) return node.items.flatMap((item, index) => faultsIn(item, [...path, index]));
  const before = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const offset = key.range?.[0] ?? 0;
    if (!isScalar(key)) return [{ path, message: 'has a key that is no plain text', offset }];
    const name = key.value === null ? '' : String(key.value);
    const message = keyFault(name, before);
    before.add(name);
    const inside = [...path, name];
    return message === null ? faultsIn(value, inside) : [{ path: inside, message, offset }];
  });
}
