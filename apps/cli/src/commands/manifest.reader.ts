import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { faultsOf, rolloutManifestSchema, type RolloutManifestInput } from '@luofleet/contracts';
import { CliError, EXIT } from '../cli.error';

/** A manifest file larger than this is refused here; the control plane would refuse it too. */
const MANIFEST_BYTES_MAX = 1024 * 1024;

/** Text of a file, or of standard input for "-". */
export async function readManifestText(
  file: string,
  readStdin: () => Promise<string>,
): Promise<string> {
  if (file === '-') return readStdin();
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(EXIT.usage, `cannot read the manifest ${file} (${code})`, [], { cause });
  }
}

/**
 * A checked manifest, YAML or JSON, as written. Every fault is reported with line and column, so that nothing has to
 * be sent to learn of a misspelt field.
 */
export function parseManifest(text: string, file: string): RolloutManifestInput {
  const name = file === '-' ? 'standard input' : file;
  if (Buffer.byteLength(text) > MANIFEST_BYTES_MAX)
    throw new CliError(EXIT.usage, `${name} is larger than 1 MiB; that is no manifest`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0)
    throw new CliError(
      EXIT.usage,
      `${name} is not valid YAML or JSON`,
      document.errors.map((error) => ({
        path: at(name, lines, error.pos[0]),
        message: error.message,
      })),
    );
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const parsed = rolloutManifestSchema.safeParse(value);
  if (parsed.success) return value as RolloutManifestInput;
  throw new CliError(
    EXIT.usage,
    `${name} is not a valid rollout manifest`,
    parsed.error.issues.flatMap((issue) =>
      faultsOf({ issues: [issue] }).map((fault) => {
        const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
        const offset = offsetOf(document, [...issue.path, ...key]);
        return {
          path: at(name, lines, offset),
          message: fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`,
        };
      }),
    ),
  );
}

/** Where the thing at this path starts, or the nearest thing around it that is there. */
function offsetOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function at(name: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${line}:${col}`;
}
