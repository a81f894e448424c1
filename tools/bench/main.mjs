// Child process of run.mjs: loads one bundled benchmark, runs it, prints its result.
import { pathToFileURL } from 'node:url';

/** `--json --max 1000 --seed=7` as `{ json: true, max: '1000', seed: '7' }`. */
function parseOptions(args) {
  const options = {};
  for (let i = 0; i < args.length; i++) {
    const match = /^--([a-z][a-z-]*)(?:=(.*))?$/.exec(args[i]);
    if (match === null) throw new Error(`unexpected argument ${args[i]}`);
    const [, key, value] = match;
    const next = args[i + 1];
    const follows = value === undefined && next !== undefined && !next.startsWith('--');
    options[key] = value ?? (follows ? next : true);
    if (follows) i += 1;
  }
  return options;
}

const [bundle, ...rest] = process.argv.slice(2);
const { json = false, ...options } = parseOptions(rest);
const { default: run } = await import(pathToFileURL(bundle).href);
const result = await run(options);
process.stdout.write(`${json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`);
