import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { runProgram } from '../testing/fake-terminal';
import { rollout } from '../testing/fleet.fixtures';
import { ScriptedServer, sendJson, sendProblem } from '../testing/scripted-server';

const server = new ScriptedServer();
let address: string;
let folder: string;

beforeAll(async () => {
  address = await server.start();
  folder = mkdtempSync(path.join(tmpdir(), 'luofleet-cli-'));
});
beforeEach(() => {
  server.seen.length = 0;
  server.answer = ({ body }, response) => {
    const { metadata } = JSON.parse(body) as { metadata: { name: string } };
    sendJson(response, rollout('planned', { name: metadata.name }), 201);
  };
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const manifest = (name: string) =>
  `apiVersion: luofleet.dev/v1\nkind: Rollout\nmetadata: {name: ${name}}\nspec: {release: x}\n`;
const json = (name: string) =>
  `{"apiVersion":"luofleet.dev/v1","kind":"Rollout","metadata":{"name":"${name}"},"spec":{"release":"x"}}`;

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const apply = (args: string[], stdin: string | Readable = '', signal?: AbortSignal) =>
  runProgram(['--server', address, 'apply', ...args], { stdin, ...(signal && { signal }) });
const applied = () =>
  server.seen.map(({ body }) => (JSON.parse(body) as { metadata: { name: string } }).metadata.name);

it('applies every document of every file and of standard input, in order', async () => {
  const two = written(
    'two.yaml',
    `# first\n---\n${manifest('a')}---\n# nothing\n---\n${manifest('b')}...\n---\n`,
  );
  const one = written('one.json', `\ufeff${json('c')}\r\n`);
  const ran = await apply(['-f', two, '-f', one, '--filename', '-'], manifest('d'));
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  expect(applied()).toEqual(['a', 'b', 'c', 'd']);
  expect(ran.stdout.match(/rollout . applied/g)).toHaveLength(4);
});

it('writes one list of what several manifests led to, one object for one', async () => {
  const several = await apply(['-f', '-', '-o', 'json'], `${manifest('a')}---\n${manifest('b')}`);
  const { items } = JSON.parse(several.stdout) as { items: { name: string }[] };
  expect(items.map(({ name }) => name)).toEqual(['a', 'b']);
  const one = await apply(['-f', '-', '-o', 'json'], manifest('a'));
  expect((JSON.parse(one.stdout) as { name: string }).name).toBe('a');
});

const refusing = (statuses: Record<string, [number, string]>) => {
  const taken = server.answer;
  server.answer = (request, response) => {
    const refusal = Object.entries(statuses).find(([name]) => request.body.includes(`"${name}"`));
    if (refusal) sendProblem(response, ...refusal[1]);
    else taken(request, response);
  };
};

it.each(['table', 'json', 'yaml'])(
  'applies the others when some are refused, as %s',
  async (form) => {
    refusing({ a: [409, 'ALREADY_EXISTS'], c: [404, 'NOT_FOUND'] });
    const file = written('four.yaml', ['a', 'b', 'c', 'd'].map(manifest).join('---\n'));
    const ran = await apply(['-f', file, '-o', form]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr.split('\n')).toEqual([
      `luofleet: ${file}:1: it is ALREADY_EXISTS [ALREADY_EXISTS]`,
      `luofleet: ${file}:11: it is NOT_FOUND [NOT_FOUND]`,
      'luofleet: 2 of 4 manifests refused, see above',
      '',
    ]);
    expect(applied()).toEqual(['a', 'b', 'c', 'd']);
    expect(ran.stdout).toMatch(/\bb\b[^]*\bd\b/);
    if (form === 'json')
      expect((JSON.parse(ran.stdout) as { items: unknown[] }).items).toHaveLength(2);
  },
);

it('keeps the exit code that all refusals share', async () => {
  refusing({ a: [403, 'FORBIDDEN'], b: [403, 'FORBIDDEN'] });
  const all = await apply(['-f', '-'], ['a', 'b'].map(manifest).join('---\n'));
  expect(all).toMatchObject({ exitCode: 4, stdout: '' });
  refusing({ c: [409, 'ALREADY_EXISTS'] });
  const mixed = await apply(['-f', '-'], ['a', 'c'].map(manifest).join('---\n'));
  expect(mixed.exitCode).toBe(1);
});

it('tries no more once the control plane is gone', async () => {
  const taken = server.answer;
  server.answer = (request, response) =>
    request.body.includes('"b"') ? void response.destroy() : taken(request, response);
  const ran = await apply(['-f', '-'], ['a', 'b', 'c'].map(manifest).join('---\n'));
  expect(ran.exitCode).toBe(3);
  expect(ran.stderr).toContain('(1 applied and 0 refused before it, none tried after it)');
  expect(applied()).toEqual(['a', 'b', 'b']);
});

const deep = '['.repeat(50_000);
const bomb = `a: &a [x]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]\n`;

describe.each<[string, string, string[]]>([
  [
    'a second document with a fault',
    `${manifest('a')}---\n${manifest('b')}x: 1\n`,
    [':10:4: x: unknown field'],
  ],
  [
    'faults of every document',
    `kind: Rollout\n---\n${manifest('a')}y: 1\n`,
    [':1:1: apiVersion', ':7:4: y: unknown field'],
  ],
  [
    'another kind',
    `${manifest('a')}---\nkind: ConfigMap\n`,
    [':6:7: kind: "ConfigMap" can not be applied, only Rollout'],
  ],
  ['a document that is a list', `${manifest('a')}---\n- 1\n`, [':6:1: ']],
  [
    'the same rollout twice',
    `${manifest('a')}---\n${manifest('a')}`,
    [':6: rollout "a" is in standard input:1 already'],
  ],
  ['a broken second document', `${manifest('a')}---\na: {b: [}\n`, [':6:9: ']],
  ['a key twice', `${manifest('a')}kind: Rollout\n`, [':5:1: kind: is there twice']],
  ['two JSON documents on end', `${json('a')}\n${json('b')}`, [':2:1: ']],
  ['nothing', '', ['has no manifest in it']],
  ['separators only', '---\n---\n# x\n', ['has no manifest in it']],
  ['null', 'null', ['has no manifest in it']],
  ['too much depth', deep, ['is nested more than 32 deep']],
  ['too many aliases', bomb, ['Excessive alias count']],
  ['a bad alias', 'a: *b\n', ['alias']],
  ['a text of a megabyte', `a: ${'x'.repeat(1024 * 1024)}`, ['is larger than 1048576 bytes']],
])('refuses %s', (_name, text, faults) => {
  it('and sends nothing', async () => {
    const ran = await apply(['-f', '-'], text);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    for (const fault of faults) expect(ran.stderr).toContain(fault);
    expect(server.seen).toEqual([]);
  });
});

describe('a key that is there twice in whatever form', () => {
  const twice: [string, string, string][] = [
    ['quoted and plain', 'kind: Rollout\n"kind": Rollout', 'kind'],
    ['in single quotes', "kind: Rollout\n'kind': Rollout", 'kind'],
    ['by an escape of YAML', 'kind: Rollout\n"\\x6bind": Rollout', 'kind'],
    ['by an escape of JSON', '{"kind": "Rollout", "k\\u0069nd": "Rollout"}', 'kind'],
    ['with a tag', 'kind: Rollout\n!!str kind: Rollout', 'kind'],
    ['with an anchor', '&k kind: Rollout\nkind: Rollout', 'kind'],
    ['as a complex key', 'kind: Rollout\n? kind\n: Rollout', 'kind'],
    ['in flow style', '{kind: Rollout, kind: Rollout}', 'kind'],
    ['deep', 'spec: {strategy: {waves: [1], "waves": [2]}}', 'spec.strategy.waves'],
    ['deep in JSON', '{"spec":{"selector":"a=b","selector":""}}', 'spec.selector'],
    ['in a list', 'spec: [{a: 1, b: 2, a: 1}]', 'spec[0].a'],
    ['as number and text', '1: a\n"1": b', '["1"]'],
    ['as two numbers', '1: a\n0x1: b', '["1"]'],
    ['as truth and text', 'true: a\n"true": b', 'true'],
    ['as nothing and empty', '"": a\n~: b', '[""]'],
    ['as a merge key', '<<: {a: 1}\n<<: {b: 1}', '["<<"]'],
    ['in what calls itself YAML 1.1', '%YAML 1.1\n---\nkind: a\nkind: b', 'kind'],
    ['as what nothing can have', 'a: {__proto__: 1}', 'a.__proto__'],
  ];
  it.each(twice)('%s', async (_name, text, place) => {
    const ran = await apply(['-f', '-'], text);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toMatch(/standard input:\d+:\d+: .*(is there twice|is no field)/);
    expect(ran.stderr).toContain(`: ${place}: `);
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['a list', '? [a]\n: 1'],
    ['a map', '? {a: 1}\n: 1'],
    ['an alias', 'a: &x b\n*x : 1'],
  ])('%s as a key is refused', async (_name, text) => {
    expect((await apply(['-f', '-'], text)).stderr).toContain('has a key that is no plain text');
  });

  it('is none in two documents, two objects, or as a value', async () => {
    const text = `${json('a').replace('"release":"x"', '"release":"x","selector":"release=kind"')}\n---\n${manifest('b')}`;
    expect(await apply(['-f', '-'], text)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(applied()).toEqual(['a', 'b']);
  });
});

it('refuses one idempotency key for several manifests', async () => {
  const ran = await apply(
    ['-f', '-', '--idempotency-key', 'k'],
    `${manifest('a')}---\n${manifest('b')}`,
  );
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(server.seen).toEqual([]);
});

describe('files that are no plain ones', () => {
  it('Ctrl-C ends waiting for a FIFO that nobody writes to', async () => {
    const fifo = path.join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const interrupt = new AbortController();
    const ran = apply(['-f', fifo], '', interrupt.signal);
    setImmediate(() => interrupt.abort());
    expect(await ran).toMatchObject({ exitCode: 130, stderr: '' });
  });

  it('a FIFO is read once somebody writes to it', async () => {
    const fifo = path.join(folder, 'written');
    execFileSync('mkfifo', [fifo]);
    const ran = apply(['-f', fifo]);
    await writeFile(fifo, 'kind: Box\n');
    expect((await ran).stderr).toContain('kind: "Box" can not be applied');
  });

  it('a folder and a device are refused', async () => {
    mkdirSync(path.join(folder, 'd'));
    expect((await apply(['-f', path.join(folder, 'd')])).stderr).toContain('EISDIR');
    expect((await apply(['-f', '/dev/zero'])).stderr).toContain('neither a file nor a pipe');
  });

  it('an endless standard input is cut off', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536, ' ');
      })(),
    );
    expect((await apply(['-f', '-'], endless)).stderr).toContain('larger than');
    expect(endless.destroyed).toBe(true);
  });

  it('Ctrl-C ends waiting for a standard input that never comes', async () => {
    const interrupt = new AbortController();
    const silent = new Readable({ read: () => interrupt.abort() });
    expect(await apply(['-f', '-'], silent, interrupt.signal)).toMatchObject({
      exitCode: 130,
      stderr: '',
    });
  });

  it('text that is not UTF-8 is refused', async () => {
    const latin = Readable.from([Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a])]);
    expect((await apply(['-f', '-'], latin)).stderr).toContain('not UTF-8');
  });
});
