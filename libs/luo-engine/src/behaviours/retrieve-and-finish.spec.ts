import { SEED_PROFILE } from '../index';
import { codeOf, FaultyHandler, testFile, TestHost } from '../testing';

const profiles = ['seed', 'upstream'] as const;

/** A host after a reboot with files a, b, c under tokens 1, 2, 3. */
async function rebooted(
  profile: (typeof profiles)[number],
  handler?: FaultyHandler,
): Promise<TestHost> {
  const host = new TestHost(handler === undefined ? { profile } : { profile, handlers: [handler] });
  const session = host.create('s');
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await session.preserve(BigInt(i + 1), testFile(name));
  await host.reboot();
  host.journal.take();
  return host;
}

describe.each(profiles)('retrieve, %s', (profile) => {
  it('B38: any order, unknown tokens are ENOENT, no further state is asked', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    expect(await codeOf(() => session.retrieve(9n))).toBe('ENOENT');
    host.handler.veto('b');
    expect(await codeOf(() => session.finish())).toBe('EBUSY');
    for (const [token, name] of [
      [3n, 'c'],
      [1n, 'a'],
      [2n, 'b'],
    ] as const) {
      expect(await session.retrieve(token)).toEqual({ name });
    }
  });

  it('B39: again it is the same object with one more reference, and no second callback', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    const first = await session.retrieve(1n);
    host.journal.take();
    expect(await session.retrieve(1n)).toBe(first);
    expect(host.journal.take()).toEqual([]);
    expect(host.references.countOf(first)).toBe(2);
  });

  it('B40: the caller owns what it gets, the engine one reference until finish', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    const file = await session.retrieve(1n);
    expect(host.references.countOf(file)).toBe(1);
    expect(session.report()[0]).toMatchObject({ retrieveStatus: 1 });
    await session.finish();
    expect(host.references.countOf(file)).toBe(0);
  });

  it('B41, D2: a failure is asked again in the seed, and sticks upstream with the status in finish', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    host.handler.fail('retrieve', 'a', 'ENOMEM');
    expect(await codeOf(() => session.retrieve(1n))).toBe('ENOMEM');
    expect(session.report()[0]?.retrieveStatus).toBe(profile === 'seed' ? 0 : -12);
    host.handler.heal('a');
    host.journal.take();
    expect(await codeOf(() => session.retrieve(1n))).toBe(profile === 'seed' ? null : 'ENOMEM');
    expect(host.journal.take()).toEqual(profile === 'seed' ? ['retrieve a'] : []);
    await session.finish();
    const expected = profile === 'seed' ? 'finish a with file 1' : 'finish a without file -12';
    expect(host.journal.takeOnly('finish')).toContain(expected);
  });

  it('B41: a handler that returns no file has failed', async () => {
    const handler = new FaultyHandler();
    handler.retrieve = () => null as never;
    const host = await rebooted(profile, handler);
    expect(await codeOf(() => host.retrieve('s').retrieve(1n))).toBe('EBADF');
  });

  it('B42, D7: a token that nobody has is never found by accident', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    for (const token of [0n, 4n, 2n ** 32n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(await codeOf(() => session.retrieve(token))).toBe('ENOENT');
    }
    expect(host.journal.take()).toEqual([]);
  });
});

describe.each(profiles)('finish, %s', (profile) => {
  it('B43: finish does not retrieve what nobody asked for; finish itself cannot fail', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    host.handler.fail('finish', 'b', 'EIO');
    await session.finish();
    expect(host.journal.takeOnly('retrieve')).toEqual([]);
    expect(host.warnings).toEqual([expect.objectContaining({ operation: 'finish' })]);
    expect(session.fileCount).toBe(0);
  });

  it('B44: everybody is asked first, first to last; the first no is EBUSY and nothing has changed', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    const file = await session.retrieve(3n);
    host.journal.take();
    host.handler.veto('b');
    expect(await codeOf(() => session.finish())).toBe('EBUSY');
    expect(host.journal.take()).toEqual(['canFinish a', 'canFinish b']);
    expect([session.fileCount, host.references.countOf(file), host.ledger.openCount]).toEqual([
      3, 1, 3,
    ]);
    host.handler.heal('b');
    await session.finish();
    expect(await codeOf(() => session.finish())).toBeNull();
    expect(await codeOf(() => session.finish())).toBeNull();
  });

  it('B44: a canFinish that throws is a no', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    host.handler.fail('canFinish', 'c', 'EIO');
    expect(await codeOf(() => session.finish())).toBe('EBUSY');
    expect(session.fileCount).toBe(3);
  });

  it('B45: files finish last to first with handle, file and status; then the pages are given up', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    const file = await session.retrieve(2n);
    host.journal.take();
    expect(host.memory.restorableCount).toBeGreaterThan(0);
    await session.finish();
    expect(host.journal.takeOnly('finish')).toEqual([
      'finish c without file 0',
      'finish b with file 1',
      'finish a without file 0',
    ]);
    expect(host.references.countOf(file)).toBe(0);
    expect(host.memory.restorableCount).toBe(0);
  });

  it('B46: files nobody retrieved are finished too, their state is gone', async () => {
    const host = await rebooted(profile);
    await host.retrieve('s').finish();
    expect(host.ledger.openCount).toBe(0);
    expect(host.ledger.faults).toEqual([]);
  });

  it('B47: a retrieve asked for during finish waits for it', async () => {
    const host = new TestHost({ profile, asynchronous: true });
    await host.create('s').preserve(1n, testFile('a'));
    await host.reboot();
    const session = host.retrieve('s');
    const finished = session.finish();
    const late = codeOf(() => session.retrieve(1n));
    await finished;
    expect(await late).toBe('ENOENT');
    expect(host.journal.takeOnly('retrieve')).toEqual([]);
  });

  it('B48: what is never finished is held, and not part of the next reboot', async () => {
    const host = await rebooted(profile);
    expect(host.device).toBeDefined();
    expect(host.ledger.openCount).toBe(3);
    await host.reboot();
    expect(host.orchestrator.report()).toEqual([]);
    expect(await codeOf(() => host.retrieve('s'))).toBe('ENOENT');
    expect(host.ledger.openCount).toBe(3);
  });

  it('B49: after finish tokens are gone; destroying a set that is not empty only warns', async () => {
    const host = await rebooted(profile);
    const session = host.retrieve('s');
    await session.retrieve(1n);
    await session.finish();
    expect(await codeOf(() => session.retrieve(1n))).toBe('ENOENT');
    const left = host.create('left');
    await left.preserve(1n, testFile('x'));
    host.orchestrator.sessions.outgoing.get('left')!.files.destroy();
    expect(host.warnings).toEqual([
      expect.objectContaining({ detail: expect.stringContaining('1 files') }),
    ]);
    expect(left.fileCount).toBe(1);
  });

  it('B50: every order at once', async () => {
    const host = new TestHost({ profile });
    for (const name of ['s1', 's2']) {
      const session = host.create(name);
      for (const i of [1, 2]) await session.preserve(BigInt(i), testFile(`${name}-${i}`));
    }
    host.journal.take();
    await host.orchestrator.freezeAll();
    await host.orchestrator.unfreezeAll();
    const order = (word: string): string[] =>
      host.journal.lines
        .filter((line) => line.startsWith(`${word} `))
        .map((line) => line.split(' ')[1] ?? '');
    expect(order('freeze')).toEqual(['s1-1', 's1-2', 's2-1', 's2-2']);
    expect(order('unfreeze')).toEqual(['s2-1', 's2-2', 's1-1', 's1-2']);
    if (profile === SEED_PROFILE.name) return;
    await host.reboot();
    host.journal.take();
    await host.retrieve('s1').finish();
    expect(order('canFinish')).toEqual(['s1-1', 's1-2']);
    expect(order('finish')).toEqual(['s1-2', 's1-1']);
  });
});
