import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { build } from 'rolldown';
import { restClient } from './rest-client.mjs';
import { reportError } from './setup-error.mjs';
import { parseStartOptions } from './start-options.mjs';
import { terminalText } from './terminal-text.mjs';
import { describeProgress } from './watch-rollout.mjs';
import { workspace } from './workspace.mjs';

const HARM = '\u0000\u001b[31m\u009b2J\r\u202e\u2028\u200b\ufeff\u{e0041}';
const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const nothingRaw = (text) => {
  for (const line of text.split('\n')) assert.equal(RAW.exec(line), null);
};

function reported(error) {
  let written = '';
  reportError(error, (text) => (written += text));
  return written;
}

test('an option that is none reaches the terminal as visible escapes', () => {
  for (const args of [[`--${HARM}`], [HARM], ['--hosts', HARM], [`--json=${HARM}`]]) {
    let written = '';
    try {
      parseStartOptions(args);
    } catch (error) {
      written = reported(error);
    }
    assert.match(written, /^error: /);
    nothingRaw(written);
  }
});

test('causes and foreign errors do, too', () => {
  nothingRaw(reported(new Error(HARM)));
  nothingRaw(reported(HARM));
});

test('whatever the control plane answers does, too', async () => {
  const rollout = {
    ...{ name: HARM, state: 'paused', hosts: { total: 1, byState: { [HARM]: 1 }, byPhase: {} } },
    ...{ waves: [], blackoutMs: { max: null }, report: { headline: HARM } },
  };
  const server = createServer((request, response) => {
    const isRefused = request.method === 'POST';
    response.writeHead(isRefused ? 400 : 200);
    const problem = { detail: HARM, errors: [{ path: HARM, message: HARM }] };
    response.end(JSON.stringify(isRefused ? problem : rollout));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const rest = restClient(`http://127.0.0.1:${server.address().port}`);
  nothingRaw(describeProgress(await rest.get('/rollouts/r')));
  const refused = await rest.post('/rollouts', {}).catch((error) => error);
  nothingRaw(refused.message);
  server.close();
});

test('it is the rule of the platform, for every character there is', async () => {
  const { output } = await build({
    input: path.join(workspace, 'libs/platform/src/text/clean-text.ts'),
    output: { format: 'esm', codeSplitting: false },
    logLevel: 'warn',
    write: false,
  });
  const code = Buffer.from(output[0].code).toString('base64');
  const { escapeForDisplay } = await import(`data:text/javascript;base64,${code}`);
  const differs = [];
  for (const lines of ['one', 'many']) {
    for (let point = 0; point <= 0x10ffff; point++) {
      const text = String.fromCodePoint(point);
      if (terminalText(text, lines) !== escapeForDisplay(text, lines)) differs.push([lines, point]);
    }
  }
  assert.deepEqual(differs, []);
});

test('what is answered stays on its line, and may be no JSON', async (t) => {
  let status = 200;
  let body = '{"name": "a\\nb"}';
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const rest = restClient(`http://127.0.0.1:${server.address().port}`);
  assert.equal((await rest.get('/x')).name, 'a\\u000ab');
  body = '<html>';
  await assert.rejects(rest.get('/x'), { name: 'SetupError', message: /with 200: no JSON/ });
  status = 502;
  await assert.rejects(rest.get('/x'), { name: 'SetupError', message: /with 502: no JSON/ });
});
