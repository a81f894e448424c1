import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import {
  createReleaseSchema,
  type CreateReleaseInput,
  faultsOf,
  type ReleaseResponse,
} from '@luofleet/contracts';
import { CliError, EXIT } from '../cli.error';
import type { CommandContext } from './command.context';

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
  const image = await locate('image', options.image, options.sha256);
  const initrd =
    options.initrd === undefined
      ? null
      : await locate('initrd', options.initrd, options.initrdSha256);
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
  const created = await context.client.request<ReleaseResponse>('/releases', {
    method: 'POST',
    body: release,
  });
  context.printer.object(
    created,
    () =>
      `release ${created.name} registered, version ${created.version}, sha256 ${created.imageSha256}`,
  );
}

async function locate(
  what: 'image' | 'initrd',
  place: string,
  sha256: string | undefined,
): Promise<{ uri: string; sha256: string; sizeBytes?: number }> {
  if (/^https?:/.test(place)) {
    if (sha256 !== undefined) return { uri: place, sha256 };
    const option = what === 'image' ? '--sha256' : '--initrd-sha256';
    throw new CliError(
      EXIT.usage,
      `the ${what} ${place} is not local; give its digest with ${option}`,
    );
  }
  const url = place.startsWith('file:') ? new URL(place) : pathToFileURL(path.resolve(place));
  const actual = await digestOf(what, url);
  if (sha256 !== undefined && sha256 !== actual)
    throw new CliError(EXIT.usage, `the ${what} ${place} has sha256 ${actual}, not ${sha256}`);
  return { uri: url.href, sha256: actual, sizeBytes: (await stat(url)).size };
}

async function digestOf(what: string, url: URL): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(url), hash);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(EXIT.usage, `cannot read the ${what} ${url.pathname} (${code})`, [], {
      cause,
    });
  }
  return hash.digest('hex');
}

function parseLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new CliError(EXIT.usage, `"${text}" is no label; write key=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
