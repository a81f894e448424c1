import { closeSync, fstatSync, openSync } from 'node:fs';
import { memfdCreate } from '@luofleet/linux';
import { SessionFailure } from '../session-failure';
import { EngineSessions } from './engine-sessions';
import { identifyOpen, identityOf, type HostFile } from './host-file';

const vetoes = new Map<string, string>();
const sessionsWith = (incoming?: Uint8Array) =>
  new EngineSessions({
    ...{ incoming, freezeErrno: () => undefined, onWarning: () => undefined },
    finishVeto: (workload) => vetoes.get(workload),
  });
const file = (workload: string, token: bigint, fd = memfdCreate(workload)): HostFile => ({
  ...{ fd, name: `file-${token}`, workload, token, identity: identityOf(fd) },
});

it('closes each number once when a file is refused: by then it may be another file', async () => {
  const sessions = sessionsWith();
  const release = sessions.release.bind(sessions);
  const opened: number[] = [];
  jest.spyOn(sessions, 'release').mockImplementation(async () => {
    const released = await release();
    // Whatever else goes on in this process gets the numbers that are free now.
    opened.push(openSync('/dev/null', 'r'), openSync('/dev/null', 'r'));
    return released;
  });
  const good = file('kv', 1n);
  const refused = file('kv', 2n, openSync('/', 'r'));
  const waiting = file('kv', 3n);
  await expect(sessions.preserveAll(new Map([['kv', [good, refused, waiting]]]))).rejects.toThrow(
    SessionFailure,
  );
  expect(opened).toContain(good.fd);
  expect(opened.map((fd) => fstatSync(fd).isCharacterDevice())).toEqual([true, true]);
  opened.forEach((fd) => closeSync(fd));
  expect([refused, waiting].map(({ fd }) => identifyOpen(fd))).toEqual([null, null]);
});

it('finishes every session but those that are refused', async () => {
  const before = sessionsWith();
  await before.preserveAll(new Map(['kv', 'web'].map((name) => [name, [file(name, 1n)]])));
  await before.freezeAll();
  const after = sessionsWith(before.frozenRegion!);
  await after.deserialize();
  await after.retrieveAll(before.statuses('frozen'));
  vetoes.set('kv', 'not yet');
  const failure = await after.finishAll().catch((error: unknown) => error);
  const told = (failure as SessionFailure).sessions;
  expect(told.map(({ workload, state }) => [workload, state])).toEqual([
    ['web', 'finished'],
    ['kv', 'retrieved'],
  ]);
  expect(after.hasIncoming).toBe(true);
  vetoes.clear();
  expect((await after.finishAll()).map(({ workload }) => workload)).toEqual(['kv']);
  expect(after.hasIncoming).toBe(false);
});
