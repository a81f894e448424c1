// The workload of the blackout benchmark: holds what `probe hold` left at descriptors 3 to 52, offers it to the agent and
// answers every instruction at once.
const { request } = require('node:http');

const FILES = 50;
const FIRST_FD = 3;
const { LUOFLEET_SOCKET: socketPath, LUOFLEET_WORKLOAD: name, LUOFLEET_INSTANCE: id } = process.env;

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path: `/v1/workloads/${name}/${path}`, agent: false };
    request(options, resolve)
      .once('error', reject)
      .end(body && JSON.stringify(body));
  });
}

async function main() {
  await call('POST', 'register', { pid: process.pid, instance: id });
  for (let i = 0; i < FILES; i += 1) {
    const answer = await call('PUT', `descriptors/${i + 1}`, { fd: FIRST_FD + i, name: `f${i}` });
    answer.resume();
  }
  const instructions = await call('GET', 'instructions');
  let text = '';
  instructions.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop();
    for (const line of lines) void answer(JSON.parse(line));
  });
  instructions.once('close', () => process.exit(0));
}

async function answer({ id: instruction, instruction: what }) {
  const response = await call('POST', `instructions/${instruction}`, { ok: true });
  response.resume();
  if (what === 'stop') process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
