#!/usr/bin/env node
// Runs one benchmark: `npm run bench -- NAME [--json] [OPTIONS]`. NAME is tools/bench/NAME.bench.ts, bundled
// with rolldown because Node does not run TypeScript. A benchmark exports its `options` (of parseArgs) and, as default,
// `async (options) => result`; what it prints for people goes to stderr, and with --json the last line of stdout is its result as one JSON object.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies } from '../bootstrap/ensure-dependencies.mjs';
import { reportError } from '../bootstrap/setup-error.mjs';

const benchDir = import.meta.dirname;
const workspace = path.resolve(benchDir, '../..');
const [name, ...rest] = process.argv.slice(2);
const source = path.join(benchDir, `${name}.bench.ts`);

if (!name || name.startsWith('-') || !existsSync(source)) {
  const known = readdirSync(benchDir)
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => file.slice(0, -'.bench.ts'.length));
  console.error(`usage: npm run bench -- NAME [--json]\nNAME is one of: ${known.join(', ')}`);
  process.exit(2);
}

await ensureDependencies().catch((error) => process.exit(reportError(error)));
const { build } = await import('rolldown'); // installed by now

const outFile = path.join(workspace, 'dist/bench', `${name}.mjs`);
await build({
  cwd: workspace,
  input: source,
  platform: 'node',
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id) && !id.startsWith('@luofleet/'),
  tsconfig: path.join(workspace, 'tsconfig.base.json'),
  logLevel: 'warn',
  output: { file: outFile, format: 'esm', codeSplitting: false, sourcemap: true },
});

const flags = ['--expose-gc', '--max-old-space-size=4096', '--enable-source-maps'];
const { status, signal } = spawnSync(
  process.execPath,
  [...flags, path.join(benchDir, 'main.mjs'), outFile, ...rest],
  { stdio: 'inherit', cwd: workspace },
);
process.exit(signal ? 1 : (status ?? 1));
