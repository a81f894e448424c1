import { statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  createReleaseSchema,
  type CreateReleaseInput,
  faultsOf,
  releaseSchema,
} from '@luofleet/contracts';
import { describeThrown } from '@luofleet/platform/text';
import { CliError, EXIT } from '../cli.error';
import type { CommandContext } from './command.context';
import { assertRuntimeImage, digestOf } from './image.reader';

export interface ReleaseCreateOptions {
  readonly kind: string;
  /** Version that hosts report once they run it. */
  readonly version: string;
  /** Path of a local image, or its address. */
  readonly image: string;
  readonly sha256?: string;
  readonly handler: readonly string[];
  readonly label: readonly string[];
  readonly commandLine?: string;
  readonly initrd?: string;
  readonly initrdSha256?: string;
  readonly luoAbi?: string;
}

/**
 * Registers a release. A local image becomes a file: address and its digest is computed here; an image that is only
 * reachable by http needs its digest given.
 */
export async function createRelease(
  context: CommandContext,
  name: string,
  options: ReleaseCreateOptions,
): Promise<void> {
  const { signal } = context;
  if (options.initrdSha256 !== undefined && options.initrd === undefined)
    throw new CliError(
      EXIT.usage,
      '--initrd-sha256 is the digest of an --initrd, which is not given',
    );
  const image = await locate('image', options.image, options.sha256, signal);
  const initrd =
    options.initrd === undefined
      ? null
      : await locate('initrd', options.initrd, options.initrdSha256, signal);
  const release = {
    name,
    kind: options.kind as CreateReleaseInput['kind'],
    version: options.version,
    imageUri: image.uri,
    imageSha256: image.sha256,
    ...(image.sizeBytes === undefined ? {} : { imageSizeBytes: image.sizeBytes }),
    handlers: [...options.handler],
    labels: parseLabels(options.label),
    ...(options.commandLine === undefined ? {} : { kernelCommandLine: options.commandLine }),
    ...(initrd === null ? {} : { initrdUri: initrd.uri, initrdSha256: initrd.sha256 }),
    ...(initrd?.sizeBytes === undefined ? {} : { initrdSizeBytes: initrd.sizeBytes }),
    ...(options.luoAbi === undefined ? {} : { luoAbi: options.luoAbi }),
  } satisfies CreateReleaseInput;
  const parsed = createReleaseSchema.safeParse(release);
  if (!parsed.success)
    throw new CliError(EXIT.usage, `release ${name} is not valid`, faultsOf(parsed.error));
  if (options.kind === 'runtime' && image.file !== undefined) await assertRuntimeImage(image.file);
  const register = (body: CreateReleaseInput) =>
    context.client.request('/releases', releaseSchema, { method: 'POST', body });
  const created = await register(release).catch((error: unknown) => {
    if (!knowsNoSizes(error)) throw error;
    const { imageSizeBytes: _image, initrdSizeBytes: _initrd, ...older } = release;
    return register(older);
  });
  context.printer.object(created, () => [
    `release ${created.name} registered, version ${created.version}, sha256 ${created.imageSha256}`,
  ]);
}

/** Whether this is an older control plane's refusal of the sizes, and of nothing else. */
function knowsNoSizes(error: unknown): boolean {
  const faults = error instanceof CliError ? error.faults : [];
  return (
    faults.length > 0 &&
    faults.every(({ path, message }) => /SizeBytes$/.test(path) && message.startsWith('unknown'))
  );
}

interface Located {
  readonly uri: string;
  readonly sha256: string;
  /** Known of a local one. */
  readonly sizeBytes?: number;
  /** Path, when it is local. */
  readonly file?: string;
}

async function locate(
  what: 'image' | 'initrd',
  place: string,
  sha256: string | undefined,
  signal: AbortSignal,
): Promise<Located> {
  if (/^https?:/.test(place)) {
    if (sha256 !== undefined) return { uri: place, sha256 };
    const option = what === 'image' ? '--sha256' : '--initrd-sha256';
    throw new CliError(
      EXIT.usage,
      `the ${what} ${place} is not local; give its digest with ${option}`,
    );
  }
  const file = place.startsWith('file:') ? pathOf(place) : path.resolve(place);
  const actual = await digestOf(what, file, signal);
  if (sha256 !== undefined && sha256 !== actual)
    throw new CliError(EXIT.usage, `the ${what} ${place} has sha256 ${actual}, not ${sha256}`);
  return {
    uri: pathToFileURL(file).href,
    sha256: actual,
    sizeBytes: statSync(file).size,
    file,
  };
}

function pathOf(place: string): string {
  try {
    return fileURLToPath(place);
  } catch (cause) {
    const why = describeThrown(cause);
    throw new CliError(EXIT.usage, `"${place}" names no file of this machine: ${why}`, [], {
      cause,
    });
  }
}

function parseLabels(texts: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new CliError(EXIT.usage, `"${text}" is no label; write key=value`);
    const key = text.slice(0, at);
    if (labels.has(key)) throw new CliError(EXIT.usage, `the label ${key} is given twice`);
    labels.set(key, text.slice(at + 1));
  }
  return Object.fromEntries(labels);
}
