// The command line Prisma starts its schema engine with, read into one object.

import { readFileSync } from 'node:fs';

/**
 * @param {string[]} argv
 * @returns {{ versionOnly: boolean, url?: string, datamodels: [string, string][], subcommand?: string }}
 */
export function readEngineArguments(argv) {
  const read = {
    versionOnly: argv.includes('--version'),
    url: undefined,
    datamodels: [],
    subcommand: undefined,
  };
  const rest = [...argv];
  while (rest.length > 0) {
    const flag = rest.shift();
    if (flag === '--datasource') read.url = JSON.parse(rest.shift() ?? '{}').url;
    else if (flag === '--datamodels') read.datamodels.push(schemaFile(rest.shift() ?? ''));
    else if (flag === 'cli') read.subcommand = rest.shift();
    else if (flag?.startsWith('--') && flag !== '--version') rest.shift();
  }
  return read;
}

const schemaFile = (file) => [file, readFileSync(file, 'utf8')];
