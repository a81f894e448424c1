// Bundles a TypeScript entry of this repository into one file for a lab machine, with the FFI library beside it.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'rolldown';
import { workspace } from '../bootstrap/workspace.mjs';

/** Makes an app directory that runs `entry` (a path inside the repository) with Node. */
export async function makeNodeApp(directory, entry) {
  mkdirSync(directory, { recursive: true });
  await build({
    cwd: workspace,
    input: entry,
    platform: 'node',
    tsconfig: path.join(workspace, 'tsconfig.base.json'),
    logLevel: 'warn',
    output: { file: path.join(directory, 'main.cjs'), format: 'cjs', codeSplitting: false },
  });
  const require = createRequire(import.meta.url);
  const native = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;
  copyFileSync(require.resolve(native), path.join(directory, 'koffi.node'));
  writeFileSync(path.join(directory, 'start'), 'exec node /app/main.cjs\n');
}
