// Loads Prisma's schema engine from its WASM build, which comes with npm (the native one is a download of its own).

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

const packageDir = path.dirname(
  createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'),
);

/** The engine's commit, as the native engine would print it. */
export function engineVersion() {
  const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
  return version.split('.').at(-1);
}

/** Starts an engine that knows the given schema files and works through the given adapter factory. */
export async function startEngine(datamodels, adapterFactory) {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    message: '',
    set_message(text) {
      this.message = text;
    },
  };
  const wasm = new WebAssembly.Module(readFileSync(path.join(packageDir, 'schema_engine_bg.wasm')));
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const ignoreLog = () => {};
  return bindings.SchemaEngine.new(
    { datamodels: datamodels.length > 0 ? datamodels : undefined },
    ignoreLog,
    bindMigrationAwareSqlAdapterFactory(adapterFactory),
  );
}
