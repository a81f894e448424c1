import { readFileSync } from 'node:fs';

// The bundle is one file and knows its version by itself.
const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
const banner = `#!/usr/bin/env node\nconst LUOFLEET_VERSION = '${version}';`;

export default [{ input: 'src/main.ts', output: 'luofleet.cjs', banner }];
