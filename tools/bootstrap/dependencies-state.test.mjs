import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findStaleness } from './dependencies-state.mjs';

function workspaceWith(t, wanted, installed) {
  const root = mkdtempSync(path.join(tmpdir(), 'luofleet-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(
    path.join(root, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, ...wanted } }),
  );
  if (installed) {
    mkdirSync(path.join(root, 'node_modules'));
    writeFileSync(
      path.join(root, 'node_modules', '.package-lock.json'),
      JSON.stringify({ packages: installed }),
    );
  }
  return root;
}

const a1 = { 'node_modules/a': { version: '1.0.0' } };

test('nothing is stale when npm installed what the lock says', (t) => {
  assert.equal(findStaleness(workspaceWith(t, a1, a1)), undefined);
});

test('a package for another system may be absent', (t) => {
  const wanted = { ...a1, 'node_modules/a-darwin': { version: '1.0.0', optional: true } };
  assert.equal(findStaleness(workspaceWith(t, wanted, a1)), undefined);
});

for (const [what, wanted, installed] of [
  ['nothing is installed yet', a1, undefined],
  ['node_modules/a is missing', a1, {}],
  ['node_modules/a is 0.9.0, not 1.0.0', a1, { 'node_modules/a': { version: '0.9.0' } }],
  ['node_modules/b is no longer wanted', a1, { ...a1, 'node_modules/b': { version: '1.0.0' } }],
]) {
  test(`says when ${what}`, (t) => {
    assert.equal(findStaleness(workspaceWith(t, wanted, installed)), what);
  });
}
