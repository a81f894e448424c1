import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { packChunks } from './one-file.mjs';

const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'luofleet-one-file-')));
after(() => rmSync(directory, { recursive: true }));

const entry = (code, imports = []) => ({ fileName: 'main.cjs', isEntry: true, imports, code });
const chunk = (fileName, code) => ({ fileName, isEntry: false, imports: [], code });

/** Packs, runs, and returns `{stdout, stderr, file, packed}`. */
function run(...chunks) {
  const file = path.join(directory, `${Math.random().toString(36).slice(2)}.cjs`);
  const packed = packChunks(chunks);
  writeFileSync(file, packed);
  const child = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  return { ...child, file, packed };
}

test('runs the entry and what it imports, and a chunk once, at its first require', () => {
  const { stdout, stderr } = run(
    entry(
      `const shared = require('./shared.cjs');
       console.log('main', shared.count());
       console.log(require('./late.cjs').what, require('./late.cjs') === require('./late.cjs'));`,
      ['shared.cjs', 'node:fs'],
    ),
    chunk('shared.cjs', 'let n = 0; exports.count = () => ++n; console.log("shared");'),
    chunk(
      'late.cjs',
      'exports.what = `late ${require("./shared.cjs").count()}`; console.log("l");',
    ),
  );
  assert.equal(stderr, '');
  assert.equal(stdout, 'shared\nmain 1\nl\nlate 2 true\n');
});

test('does not even parse a late chunk before it is required, and then says which one is wrong', () => {
  const late = chunk('late.cjs', 'this is no JavaScript');
  assert.equal(run(entry('console.log("up")'), late).stdout, 'up\n');
  const { stderr, file } = run(entry('require("./late.cjs")'), late);
  assert.match(stderr, /SyntaxError/);
  assert.ok(stderr.includes(`${file}/late.cjs`), stderr);
});

test('carries late chunks compressed, and any text', () => {
  const filling = '// filling line\n'.repeat(10_000);
  const late = chunk('late.cjs', `${filling}console.log('ü \u2028 "\\\\" \`$\{1}\`', __filename);`);
  const { stdout, file, packed } = run(entry('require("./late.cjs")'), late);
  assert.equal(stdout, `ü \u2028 "\\" \`\${1}\` ${file}\n`);
  assert.ok(packed.length < 10_000, `${packed.length} characters`);
  assert.match(packed, /^[\x20-\x7e\n]*$/);
});

test('needs nothing of its file once it is loaded', () => {
  const code = 'require("node:fs").rmSync(__filename); console.log(require("./late.cjs"));';
  assert.equal(run(entry(code), chunk('late.cjs', 'module.exports = "late"')).stdout, 'late\n');
});

test('lets chunks that need each other see what is exported so far', () => {
  const { stdout } = run(
    entry('exports.early = 1; console.log(require("./late.cjs").seen, exports.early);'),
    chunk('late.cjs', 'exports.seen = require("./main.cjs").early;'),
  );
  assert.equal(stdout, '1 1\n');
});
