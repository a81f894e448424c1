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
  formatPath,
  type ProblemFault,
  rolloutManifestSchema,
  type RolloutManifestInput,
} from '@luofleet/contracts';
import { readYamlDocuments, type YamlDocument } from '@luofleet/contracts/documents';
import { isCollection, isNode, isScalar, LineCounter } from 'yaml';
import { CliError, EXIT } from '../cli.error';
import { openManifest, readInput } from './input.reader';

/** A manifest file larger than this is refused here; the control plane would refuse it too. */
const MANIFEST_BYTES_MAX = 1024 * 1024;
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
  const documents = readYamlDocuments(text, lines).filter(isThere);
  if (documents.length === 0) throw new CliError(EXIT.usage, `${name} has no manifest in it`);
  const manifests: PlacedManifest[] = [];
  const faults: ProblemFault[] = [];
  for (const document of documents) {
    const found = faultsIn(document);
    for (const { path, message, offset } of found)
      faults.push({ path: at(offset), message: path === '' ? message : `${path}: ${message}` });
    const place = at(document.contents?.range[0] ?? 0).replace(/:\d+$/, '');
    if (found.length === 0)
      manifests.push({ manifest: document.value as RolloutManifestInput, place });
  }
  return { manifests, faults };
}

/** A separator at the end begins a document that is empty. */
const isThere = ({ contents, faults }: YamlDocument): boolean =>
  faults.length > 0 || !(contents === null || (isScalar(contents) && contents.value === null));

interface PlacedFault extends ProblemFault {
  readonly offset: number;
}

function faultsIn(document: YamlDocument): PlacedFault[] {
  if (document.faults.length > 0)
    return document.faults.map((fault) => ({ ...fault, path: formatPath(fault.path) }));
  const kind = (document.value as { kind?: unknown } | null)?.kind;
  if (typeof kind === 'string' && kind !== 'Rollout') {
    const message = `"${kind}" can not be applied, only Rollout`;
    return [{ path: 'kind', message, offset: offsetOf(document, ['kind']) }];
  }
  const parsed = rolloutManifestSchema.safeParse(document.value);
  return (parsed.error?.issues ?? []).flatMap((issue) => {
    const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const offset = offsetOf(document, [...issue.path, ...key]);
    return faultsOf({ issues: [issue] }).map((fault) => ({ ...fault, offset }));
  });
}

/** Where the thing at this path starts, or the nearest thing around it that is there. */
function offsetOf({ contents }: YamlDocument, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = isCollection(contents) && contents.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return contents?.range[0] ?? 0;
}
