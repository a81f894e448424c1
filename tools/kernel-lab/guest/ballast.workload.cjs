// A workload that is nothing but memory: SIZE_MIB of it, in a file of tmpfs without a name, which is what a memfd is. It
// offers the file under token 1 as `ballast`, does as it is told, and after an update goes on with what it gets, or anew.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const readline = require('node:readline');

const { LISTEN_FDS, LUOFLEET_SOCKET, LUOFLEET_WORKLOAD, LUOFLEET_INSTANCE, SIZE_MIB } = process.env;
const RECONNECT_MS = 50;
const fd = Number(LISTEN_FDS ?? 0) > 0 ? 3 : makeFile();

function makeFile() {
  const file = `/tmp/ballast-${process.pid}`;
  const made = fs.openSync(file, 'wx+');
  fs.unlinkSync(file);
  fs.ftruncateSync(made, Number(SIZE_MIB) * 2 ** 20);
  return made;
}

function ask(method, what, body) {
  const socketPath = LUOFLEET_SOCKET;
  const path = `/v1/workloads/${LUOFLEET_WORKLOAD}/${what}`;
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path, method, agent: false }, resolve);
    request.once('error', reject).end(body && JSON.stringify(body));
  });
}

/** One connection to one agent; ends when the agent goes away. */
async function obey() {
  await ask('POST', 'register', { pid: process.pid, instance: LUOFLEET_INSTANCE });
  await ask('PUT', 'descriptors/1', { fd, name: 'ballast' });
  for await (const line of readline.createInterface({ input: await ask('GET', 'instructions') })) {
    const { id, instruction } = JSON.parse(line);
    await ask('POST', `instructions/${id}`, { ok: true });
    if (instruction === 'stop') process.exit(0);
  }
}

const again = () => setTimeout(() => obey().then(again, again), RECONNECT_MS);
void obey().then(again, again);
