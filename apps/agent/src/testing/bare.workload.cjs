// A workload that has nothing to keep: it registers, offers no descriptor, and does as it is told.
'use strict';
const http = require('node:http');
const readline = require('node:readline');

const { LUOFLEET_SOCKET, LUOFLEET_WORKLOAD, LUOFLEET_INSTANCE } = process.env;
const RECONNECT_MS = 20;

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

async function obey() {
  await ask('POST', 'register', { pid: process.pid, instance: LUOFLEET_INSTANCE });
  for await (const line of readline.createInterface({ input: await ask('GET', 'instructions') })) {
    const { id, instruction } = JSON.parse(line);
    await ask('POST', `instructions/${id}`, { ok: true });
    if (instruction === 'stop') process.exit(0);
  }
}

const again = () => setTimeout(() => obey().then(again, again), RECONNECT_MS);
void obey().then(again, again);
