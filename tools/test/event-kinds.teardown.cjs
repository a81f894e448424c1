const { readFileSync, rmSync } = require('node:fs');
const path = require('node:path');

const workspace = path.resolve(__dirname, '../..');

/** The page is written from the table of kinds, and a test compares. */
const kinds = () =>
  [
    ...readFileSync(path.join(workspace, 'docs/events.md'), 'utf8').matchAll(/^\| `([a-z-]+)`/gm),
  ].map(([, kind]) => kind);

module.exports = () => {
  const file = process.env.EVENT_KINDS_FILE;
  if (file === undefined) return;
  const seen = new Set(readFileSync(file, 'utf8').split('\n'));
  rmSync(path.dirname(file), { recursive: true });
  const missing = kinds().filter((kind) => !seen.has(kind));
  if (missing.length > 0)
    throw new Error(`No integration test records an event of kind ${missing.join(', ')}.`);
};
