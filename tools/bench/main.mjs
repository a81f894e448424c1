// Child process of run.mjs: loads one bundled benchmark, runs it, prints its result.
import { pathToFileURL } from 'node:url';
import { readOptions } from '../bootstrap/read-options.mjs';
import { reportError } from '../bootstrap/setup-error.mjs';

const [bundle, ...args] = process.argv.slice(2);
const bench = await import(pathToFileURL(bundle).href);
try {
  const options = { ...bench.options, json: { type: 'boolean', default: false } };
  const known = Object.entries(options).map(([name, { type }]) =>
    type === 'boolean' ? `--${name}` : `--${name} VALUE`,
  );
  const { json, ...given } = readOptions({
    args,
    usage: `its options: ${known.join(', ')}`,
    options,
  }).values;
  const result = await bench.default(given);
  process.stdout.write(`${json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`);
} catch (error) {
  process.exit(reportError(error));
}
