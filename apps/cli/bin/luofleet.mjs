#!/usr/bin/env node
// Runs luofleet from a checkout: builds it when that has not been done yet.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const workspace = path.resolve(import.meta.dirname, '../../..');
const bundle = path.join(workspace, 'dist/apps/cli/luofleet.cjs');

if (!existsSync(bundle)) {
  if (!existsSync(path.join(workspace, 'node_modules/rolldown'))) {
    console.error(
      `luofleet: its dependencies are not installed; run \`npm ci\` or \`npm start\` in ${workspace}`,
    );
    process.exit(1);
  }
  execFileSync(process.execPath, [path.join(workspace, 'tools/build/run.mjs'), 'apps/cli'], {
    cwd: workspace,
    stdio: ['ignore', 2, 2],
  });
}
await import(pathToFileURL(bundle).href);
