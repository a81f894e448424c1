#!/usr/bin/env node
// Bundles one app: `node tools/build/run.mjs apps/NAME`. Server apps go through rolldown, the dashboard through Vite.
// Each app names its entries in apps/NAME/build.config.mjs.
import path from 'node:path';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const projectRoot = process.argv[2];
if (!projectRoot) {
  console.error('usage: node tools/build/run.mjs apps/NAME');
  process.exit(2);
}
const workspace = path.resolve(import.meta.dirname, '../..');
const outDir = path.join(workspace, 'dist', projectRoot);
const configFile = path.join(workspace, projectRoot, 'build.config.mjs');

if (existsSync(path.join(workspace, projectRoot, 'vite.config.mjs'))) {
  const { build } = await import('vite');
  await build({
    root: path.join(workspace, projectRoot),
    configFile: path.join(workspace, projectRoot, 'vite.config.mjs'),
  });
} else {
  const { build } = await import('rolldown');
  const { default: entries } = await import(pathToFileURL(configFile).href);
  for (const { input, output, external, banner } of entries) {
    await build({
      cwd: workspace,
      input: path.join(projectRoot, input),
      platform: 'node',
      external,
      tsconfig: path.join(workspace, projectRoot, 'tsconfig.json'),
      logLevel: 'warn',
      output: {
        file: path.join(outDir, output),
        format: 'cjs',
        codeSplitting: false,
        sourcemap: true,
        banner,
      },
    });
  }
}
