#!/usr/bin/env node
// Builds one app into dist/: `node tools/build/run.mjs apps/NAME`. Server apps go through rolldown, one file an entry of
// apps/NAME/build.config.mjs ({ input, output } bundles, with `lazy` so that only what runs is compiled, see one-file.mjs;
// { copy, output } copies out of node_modules; { compile, output } is a C program, which is left out where none can be made);
// an app with a vite.config.mjs goes through Vite.

import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readOptions } from '../bootstrap/read-options.mjs';
import { reportError, UsageError } from '../bootstrap/setup-error.mjs';
import { compileNative } from './compile-native.mjs';

const workspace = path.resolve(import.meta.dirname, '../..');
const projectRoot = readProject(process.argv.slice(2));
const project = path.join(workspace, projectRoot);
const outDir = path.join(workspace, 'dist', projectRoot);

if (existsSync(path.join(project, 'vite.config.mjs'))) await buildWeb();
else await buildEntries();

function readProject(args) {
  const usage = 'usage: node tools/build/run.mjs apps/NAME';
  try {
    const { positionals } = readOptions({ args, usage, options: {}, allowPositionals: true });
    if (positionals.length !== 1) throw new UsageError('Which app?', { advice: usage });
    return positionals[0];
  } catch (error) {
    process.exit(reportError(error));
  }
}

async function buildWeb() {
  const { build } = await import('vite');
  const configFile = path.join(project, 'vite.config.mjs');
  await build({ root: project, configFile, logLevel: 'warn' });
}

async function buildEntries() {
  const config = pathToFileURL(path.join(project, 'build.config.mjs')).href;
  const { default: entries } = await import(config);
  mkdirSync(outDir, { recursive: true });
  for (const entry of entries) {
    if (entry.copy) copyFile(entry);
    else if (entry.compile) compile(entry);
    else await bundle(entry);
  }
}

function compile({ compile: source, output }) {
  const problem = compileNative(path.join(project, source), path.join(outDir, output));
  if (problem !== null) console.error(`${projectRoot}/${source} is left out: ${problem}`);
}

function copyFile({ copy, output }) {
  const target = path.join(outDir, output);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(path.join(workspace, 'node_modules', copy), target);
}

async function bundle({ input, output, external, banner, lazy = false }) {
  const { build } = await import('rolldown');
  const options = {
    cwd: workspace,
    input: path.join(projectRoot, input),
    platform: 'node',
    external,
    tsconfig: path.join(project, 'tsconfig.json'),
    logLevel: 'warn',
  };
  const file = path.join(outDir, output);
  if (!lazy) {
    const whole = { file, format: 'cjs', codeSplitting: false, sourcemap: true, banner };
    await build({ ...options, output: whole });
    return;
  }
  const { packChunks } = await import('./one-file.mjs');
  const names = { entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' };
  // Names stay, for stack traces; so do notices of licences.
  const minify = { mangle: false, compress: false, codegen: { removeWhitespace: true } };
  const { output: chunks } = await build({
    ...options,
    write: false,
    output: { format: 'cjs', banner, minify, ...names },
  });
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, packChunks(chunks));
}
