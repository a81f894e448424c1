import { runProgram } from '../testing/fake-terminal';
import { file, host, page, session } from '../testing/fleet.fixtures';
import { ScriptedServer, sendJson } from '../testing/scripted-server';

const server = new ScriptedServer();
let address: string;

beforeAll(async () => {
  address = await server.start();
});
afterAll(() => server.stop());

const run = (...args: string[]) => runProgram(['--server', address, ...args]);

it('says which machine a host is, and which ends nobody has told', async () => {
  const files = [file({ token: '0x1', state: 'lost', assumed: true }), file({ token: '0x2' })];
  const sessions = page([session({ state: 'lost', assumed: true, files })]);
  server.answer = ({ url }, response) =>
    sendJson(response, url.includes('/sessions') ? sessions : host('web-1'));
  const { stdout } = await run('describe', 'host', 'web-1');
  expect(stdout).toMatch(/^Machine id +m-1$/m);
  expect(stdout).toMatch(/State +lost \(assumed\)$/m);
  expect(stdout).toMatch(/0x1 +store +memfd-v1 +lost \(assumed\)/);
  expect(stdout).toMatch(/0x2 +store +memfd-v1 +retrieved +3/);
});

it.each(['sessions', 'files'])('lists %s with the ends nobody has told', async (kind) => {
  const item = kind === 'sessions' ? session({ assumed: true }) : file({ assumed: true });
  server.answer = (_request, response) => sendJson(response, page<unknown>([item]));
  expect((await run('get', kind)).stdout).toMatch(/(finished|retrieved) \(assumed\)/);
});
