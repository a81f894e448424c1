// A workload for end to end specs whose state is open files: their offsets and flags, and one whose path is gone.
//
//   GET /NAME                what the file holds, wherever its offset is
//   POST /NAME/read?bytes=N  the next N bytes from the offset on
//   POST /NAME/write         writes the body where the offset (or O_APPEND) says
//   GET /NAME/fd             {"offset","flags","link"} as /proc tells them
//
// NAME is `input` (read only), `log` (O_APPEND) or `scratch` (unlinked as soon as it is open). Served on the Unix socket
// DIRECTORY/PID.sock, so that two instances can be told apart. Fresh, it opens the files in DIRECTORY; after a live update
// it goes on with what LISTEN_FDS brings and opens nothing.
// Unhappy paths: quiesced it answers 503, unless ?force says that this test wants a workload that breaks its word. While
// DIRECTORY/successor exists, an instance with LISTEN_FDS fails the way that file says: exit, refuse, hang.
'use strict';
const fs = require('node:fs');
const { inspect } = require('node:util');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

const { DIRECTORY, LUOFLEET_SOCKET, LUOFLEET_WORKLOAD, LUOFLEET_INSTANCE } = process.env;
const RECONNECT_MS = 20;
const at = (name) => path.join(DIRECTORY, name);
const inherited = Number(process.env.LISTEN_FDS ?? 0);
const failure = inherited > 0 && fs.existsSync(at('successor')) ? successorFailure() : '';

function successorFailure() {
  return fs.readFileSync(at('successor'), 'utf8');
}

function openFiles() {
  const scratch = fs.openSync(at('scratch'), 'wx+');
  fs.unlinkSync(at('scratch'));
  return { input: fs.openSync(at('input'), 'r'), log: fs.openSync(at('log'), 'a+'), scratch };
}

function inheritedFiles() {
  if (Number(process.env.LISTEN_PID) !== process.pid) throw new Error('LISTEN_PID is not mine');
  const names = process.env.LISTEN_FDNAMES.split(':');
  return Object.fromEntries(names.map((name, index) => [name, 3 + index]));
}

let quiesced = false;
const duties = {
  quiesce: () => (quiesced = true),
  resume: () => (quiesced = false),
  check: () => {
    if (failure === 'refuse') throw new Error('the input does not parse');
  },
  stop: () => setImmediate(() => process.exit(0)),
};

function describe(fd) {
  const info = fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const field = (name) => new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(info)[1];
  const link = fs.readlinkSync(`/proc/self/fd/${fd}`);
  // Close-on-exec belongs to the number, not to the open file.
  const flags = parseInt(field('flags'), 8) & ~0o2000000;
  return JSON.stringify({ offset: Number(field('pos')), flags, link });
}

function readAt(fd, bytes, position) {
  const buffer = Buffer.alloc(bytes);
  return buffer.toString('utf8', 0, fs.readSync(fd, buffer, 0, bytes, position));
}

function answer(fd, what, query, body) {
  if (what === '') return readAt(fd, fs.fstatSync(fd).size, 0);
  if (what === 'fd') return describe(fd);
  if (what === 'read') return readAt(fd, Number(query.get('bytes')), null);
  if (what === 'write') return String(fs.writeSync(fd, body));
  throw new Error(`what is ${what}?`);
}

async function textOf(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

function serve(files) {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://workload');
    const [, name, what = ''] = url.pathname.split('/');
    textOf(request)
      .then((body) => {
        if (quiesced && !url.searchParams.has('force')) return response.writeHead(503).end();
        return response.end(answer(files[name], what, url.searchParams, body));
      })
      .catch((error) => response.writeHead(500).end(inspect(error)));
  });
  return new Promise((resolve) => server.listen(at(`${process.pid}.sock`), resolve));
}

function ask(method, what, body) {
  const target = {
    socketPath: LUOFLEET_SOCKET,
    path: `/v1/workloads/${LUOFLEET_WORKLOAD}/${what}`,
  };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...target, method, agent: false }, resolve);
    request.once('error', reject).end(body && JSON.stringify(body));
  });
}

async function call(method, what, body) {
  const response = await ask(method, what, body);
  const text = await textOf(response);
  if (response.statusCode >= 300) throw new Error(`${method} ${what}: ${text}`);
}

/** One connection to one agent; ends when the agent goes away. */
async function obey(files) {
  await call('POST', 'register', { pid: process.pid, instance: LUOFLEET_INSTANCE });
  let token = 0;
  for (const [name, fd] of Object.entries(files))
    await call('PUT', `descriptors/${++token}`, { fd, name });
  for await (const line of readline.createInterface({ input: await ask('GET', 'instructions') })) {
    const { id, instruction } = JSON.parse(line);
    let said = { ok: true };
    try {
      duties[instruction]();
    } catch (error) {
      said = { ok: false, reason: error.message };
    }
    await call('POST', `instructions/${id}`, said);
  }
}

async function main() {
  if (failure === 'exit') process.exit(3);
  const files = inherited > 0 ? inheritedFiles() : openFiles();
  await serve(files);
  if (failure === 'hang') return;
  const again = () => setTimeout(() => obey(files).then(again, again), RECONNECT_MS);
  await obey(files).then(again, again);
}

void main();
