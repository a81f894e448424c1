const { readFileSync, rmSync } = require('node:fs');
const path = require('node:path');
const { EVENT_KINDS } = require('../../libs/contracts/src/fleet/event-kinds.ts');

module.exports = () => {
  const file = process.env.EVENT_KINDS_FILE;
  if (file === undefined) return;
  const seen = new Set(readFileSync(file, 'utf8').split('\n'));
  rmSync(path.dirname(file), { recursive: true });
  const missing = Object.keys(EVENT_KINDS).filter((kind) => !seen.has(kind));
  if (missing.length > 0)
    throw new Error(`No integration test records an event of kind ${missing.join(', ')}.`);
};
