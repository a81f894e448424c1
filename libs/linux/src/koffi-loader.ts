// How the FFI library is found.
//
// koffi is JavaScript around one native file, `koffi.node`. Its own loader looks that file up relative to its place in
// node_modules, which a single-file bundle does not have. So it is loaded here, by absolute path, in this order:
//   1. `koffi.node` in the directory of the running file: beside a bundled agent (its build copies it there; see
//      `koffiNativeFile`);
//   2. the prebuilt package of this architecture, resolved from node_modules (specs, unbundled runs);
//   3. the package `koffi` itself, which also knows musl and source builds.
// Nothing imports koffi statically (types only), so bundlers need no `external` entry, and nothing is loaded before the
// first system call: importing this library costs no start-up time.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Koffi from 'koffi';

const requireFromHere = createRequire(__filename);

/** The prebuilt native file for this machine inside node_modules: what a build copies beside its bundle. */
export const koffiNativeFile = (): string =>
  requireFromHere.resolve(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`);

let loaded: typeof Koffi | undefined;

/** The FFI library. Throws an error that names every place tried when none works. */
export function loadKoffi(): typeof Koffi {
  loaded ??= loadFirst([
    () => {
      const beside = path.join(__dirname, 'koffi.node');
      return existsSync(beside) ? beside : undefined;
    },
    koffiNativeFile,
    () => 'koffi',
  ]);
  return loaded;
}

function loadFirst(candidates: ReadonlyArray<() => string | undefined>): typeof Koffi {
  const failures: unknown[] = [];
  for (const candidate of candidates) {
    try {
      const target = candidate();
      if (target !== undefined) return requireFromHere(target) as typeof Koffi;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    `koffi.node can not be loaded for ${process.platform}-${process.arch}: it is neither beside ${__filename} nor in ` +
      'node_modules. Copy it beside the bundle, or install the package koffi.',
  );
}
