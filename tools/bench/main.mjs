// Child process of run.mjs: loads one bundled benchmark, runs it, prints its result.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const [bundle, ...rest] = process.argv.slice(2);
const { values } = parseArgs({ args: rest, strict: false, allowPositionals: false });
const { json = false, ...options } = values;
const { default: run } = await import(pathToFileURL(bundle).href);
const result = await run(options);
process.stdout.write(`${json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`);
