import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identifyProcess } from '../workloads/process-table';
import { askImage } from './ask-image';

const directory = mkdtempSync(path.join(tmpdir(), 'ask-image-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Answers, or not, after it has started what goes a long way from it. */
const imageThat = (end: string) => `
  const { spawn } = require('node:child_process');
  const options = { detached: true, stdio: 'ignore' };
  const children = [
    spawn('sleep', ['600'], options),
    spawn('setsid', ['sleep', '601'], options),
  ];
  for (const child of children) child.unref();
  require('node:fs').writeFileSync(__filename + '.pids', children.map(({ pid }) => pid).join());
  ${end}`;

it.each([
  ['answers', "console.log(JSON.stringify({ version: '1' }));", /^1$/],
  ['fails', 'process.exit(3);', /exit code 3/],
  ['is killed', "process.kill(process.pid, 'SIGKILL');", /SIGKILL/],
])('ends what an image that %s has started, however far it went', async (_how, end, words) => {
  const file = path.join(directory, 'image.cjs');
  writeFileSync(file, imageThat(end));
  const said = await askImage(file, 60_000, new AbortController().signal).then(
    ({ version }) => version,
    ({ message }: Error) => message,
  );
  expect(said).toMatch(words);
  const pids = readFileSync(`${file}.pids`, 'utf8').split(',').map(Number);
  expect(pids).toHaveLength(2);
  expect(pids.map(identifyProcess)).toEqual([null, null]);
});
