/**
 * DOC: reading manifests
 *
 * Happy path: files, pipes and standard input, each with one or more documents of YAML or JSON; all of them are checked
 * before anything is sent, so that nothing has to be sent to learn of a misspelt field.
 * Unhappy paths: every fault with file, line and column, over all documents; the same rollout in two of them.
 */
import type { Readable } from 'node:stream';
import {
  faultsOf,
  type ProblemFault,
  rolloutManifestSchema,
  type RolloutManifestInput,
} from '@luofleet/contracts';
import { type Document, isNode, LineCounter, parseAllDocuments, type ParsedNode } from 'yaml';
import { describeThrown } from '@luofleet/platform/text';
import { CliError, EXIT } from '../cli.error';
import { openManifest, readInput } from './input.reader';

/** A manifest file larger than this is refused here; the control plane would refuse it too. */
const MANIFEST_BYTES_MAX = 1024 * 1024;
/** Aliases a document may resolve; a manifest has none, a bomb has millions. */
const ALIASES_MAX = 100;

/** A checked manifest as written, and where it begins: "rollout.yaml:12". */
export interface PlacedManifest {
  readonly manifest: RolloutManifestInput;
  readonly place: string;
}

/** The manifests of all files in their order; "-" is standard input. */
export async function readManifests(
  files: readonly string[],
  stdin: () => Readable,
  signal: AbortSignal,
): Promise<PlacedManifest[]> {
  const manifests: PlacedManifest[] = [];
  const faults: ProblemFault[] = [];
  for (const file of files) {
    const name = file === '-' ? 'standard input' : file;
    if (files.indexOf(file) !== files.lastIndexOf(file))
      throw new CliError(EXIT.usage, `${name} is given twice`);
    const stream = file === '-' ? stdin() : openManifest(file);
    const text = await readInput(stream, name, MANIFEST_BYTES_MAX, signal);
    const read = parseManifests(text, name);
    manifests.push(...read.manifests);
    faults.push(...read.faults);
  }
  const places = new Map<string, string>();
  for (const { manifest, place } of manifests) {
    const { name } = manifest.metadata;
    const before = places.get(name);
    if (before !== undefined)
      faults.push({ path: place, message: `rollout "${name}" is in ${before} already` });
    places.set(name, place);
  }
  if (faults.length > 0) throw new CliError(EXIT.usage, 'not valid, so nothing is applied', faults);
  return manifests;
}

function parseManifests(
  text: string,
  name: string,
): { manifests: PlacedManifest[]; faults: ProblemFault[] } {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const manifests: PlacedManifest[] = [];
  const faults: ProblemFault[] = [];
  for (const document of documentsOf(text, name, lines)) {
    const offset = document.contents?.range[0] ?? 0;
    const syntax = document.errors.map(({ pos, message }) => ({ path: at(pos[0]), message }));
    const value = syntax.length > 0 ? undefined : valueOf(document, at(offset));
    const checked = syntax.length > 0 ? syntax : faultsIn(document, value, at);
    faults.push(...checked);
    if (checked.length === 0)
      manifests.push({
        manifest: value as RolloutManifestInput,
        place: at(offset).replace(/:\d+$/, ''),
      });
  }
  return { manifests, faults };
}

/** Documents with something in them, at least one. A separator at the end begins one that is empty. */
function documentsOf(text: string, name: string, lines: LineCounter): Document.Parsed[] {
  try {
    const documents = [
      ...parseAllDocuments<ParsedNode>(text, { lineCounter: lines, prettyErrors: false }),
    ].filter(({ contents, errors }) => errors.length > 0 || !isEmpty(contents));
    if (documents.length > 0) return documents as Document.Parsed[];
  } catch (cause) {
    const { message } = cause as Error;
    throw new CliError(EXIT.usage, `${name} is not valid YAML or JSON: ${message}`, [], { cause });
  }
  throw new CliError(EXIT.usage, `${name} has no manifest in it`);
}

const isEmpty = (node: ParsedNode | null): boolean =>
  node === null || ('value' in node && node.value === null);

function valueOf(document: Document.Parsed, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    throw new CliError(EXIT.usage, `${place}: ${describeThrown(cause)}`, [], { cause });
  }
}

function faultsIn(
  document: Document.Parsed,
  value: unknown,
  at: (offset: number) => string,
): ProblemFault[] {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (typeof kind === 'string' && kind !== 'Rollout')
    return [
      {
        path: at(offsetOf(document, ['kind'])),
        message: `kind: "${kind}" can not be applied, only Rollout`,
      },
    ];
  const parsed = rolloutManifestSchema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const path = at(offsetOf(document, [...issue.path, ...key]));
    return faultsOf({ issues: [issue] }).map((fault) => ({
      path,
      message: fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`,
    }));
  });
}

/** Where the thing at this path starts, or the nearest thing around it that is there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}
