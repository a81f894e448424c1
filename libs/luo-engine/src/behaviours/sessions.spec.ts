import { LuoError, type LiveUpdateSession } from '../index';
import { altered, codeOf, sessionOffset, testFile, TestHost, type TestFile } from '../testing';

const profiles = ['seed', 'upstream'] as const;

describe.each(profiles)('device, %s', (profile) => {
  it('S1: without live update there is no device', async () => {
    const { orchestrator } = new TestHost({ profile, enabled: false });
    expect(await codeOf(() => orchestrator.open())).toBe('ENOENT');
  });

  it('S2: open is exclusive; closing the device leaves its sessions alone', async () => {
    const { orchestrator } = new TestHost({ profile });
    const device = orchestrator.open();
    const session = device.createSession('s');
    expect(await codeOf(() => orchestrator.open())).toBe('EBUSY');
    device.close();
    expect(await codeOf(() => device.close())).toBe('EBADF');
    expect(await codeOf(() => device.createSession('t'))).toBe('EBADF');
    const next = orchestrator.open();
    expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBeNull();
    expect(await codeOf(() => next.createSession('s'))).toBe('EEXIST');
  });

  it('S3: deserialisation happens once, at the first open by anyone', async () => {
    const host = new TestHost({ profile });
    await host.create('s').preserve(1n, testFile('a'));
    await host.reboot();
    host.retrieve('s');
    host.device.close();
    const again = host.orchestrator.open();
    expect(await codeOf(() => again.retrieveSession('s'))).toBe('EINVAL');
    expect(host.orchestrator.report()).toHaveLength(1);
  });

  it('S4: sessions that cannot be read are EIO at every open, and the slot is released', async () => {
    const host = new TestHost({ profile });
    host.create('one');
    host.create('two');
    const region = await host.orchestrator.freezeAll();
    const clash = altered(region, (view) => {
      const [from, to] = [sessionOffset(region, 'one'), sessionOffset(region, 'two')];
      for (let i = 0; i < 64; i++) view.setUint8(to + i, view.getUint8(from + i));
    });
    host.boot(clash);
    for (let i = 0; i < 3; i++) {
      const error = await Promise.resolve()
        .then(() => host.orchestrator.open())
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'EIO', operation: 'open', cause: { code: 'EEXIST' } });
    }
  });

  it('S5: malformed metadata stops the boot, it is not left for the open', async () => {
    const host = new TestHost({ profile });
    host.create('s');
    const region = await host.orchestrator.freezeAll();
    const sessions = Number(new DataView(region.buffer).getBigUint64(48, true));
    const circle = altered(region, (view) => view.setBigUint64(sessions, BigInt(sessions), true));
    const abi = altered(region, (view) => view.setUint8(37, 0x36));
    for (const [bytes, code] of [
      [circle, 'EINVAL'],
      [abi, 'EPROTO'],
    ] as const) {
      expect(await codeOf(() => host.boot(bytes))).toBe(code);
    }
  });

  it('S6: after a cold boot every name is ENOENT', async () => {
    const host = new TestHost({ profile });
    expect(await codeOf(() => host.retrieve('s'))).toBe('ENOENT');
    expect(host.orchestrator.liveUpdateNumber).toBe(0n);
  });
});

describe.each(profiles)('life of a session, %s', (profile) => {
  async function rebooted(): Promise<{ host: TestHost; session: LiveUpdateSession<TestFile> }> {
    const host = new TestHost({ profile });
    const session = host.create('s');
    for (const [i, name] of ['a', 'b'].entries())
      await session.preserve(BigInt(i + 1), testFile(name));
    await host.reboot();
    host.journal.take();
    return { host, session: host.retrieve('s') };
  }

  it('S7: a name is unique in its list only, 63 bytes long at most', async () => {
    const { host } = await rebooted();
    expect(await codeOf(() => host.create('s'))).toBeNull();
    expect(await codeOf(() => host.create('s'))).toBe('EEXIST');
    const name = 'ä'.repeat(31) + 'A';
    expect(await host.create(name).getName()).toBe(name);
  });

  it('S8: an empty session is valid and survives', async () => {
    const host = new TestHost({ profile });
    host.create('empty');
    await host.reboot();
    const session = host.retrieve('empty');
    expect(await session.finish()).toBeUndefined();
    expect(await session.close()).toBe('closed');
  });

  it('S9: closing before the reboot unpreserves last first and removes the session', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    for (const name of ['a', 'b'])
      await session.preserve(BigInt(name.charCodeAt(0)), testFile(name));
    await session.close();
    expect(host.journal.takeOnly('unpreserve').map((line) => line.split(' ')[1])).toEqual([
      'b',
      'a',
    ]);
    await host.reboot();
    expect(await codeOf(() => host.retrieve('s'))).toBe('ENOENT');
  });

  it('S10: a session is retrieved once; EINVAL while it exists, ENOENT afterwards', async () => {
    const { host, session } = await rebooted();
    expect(await codeOf(() => host.retrieve('s'))).toBe('EINVAL');
    await session.close();
    expect(await codeOf(() => host.retrieve('s'))).toBe('ENOENT');
  });

  it('S11: closing after the reboot finishes; a veto leaves the session out of reach', async () => {
    const { host, session } = await rebooted();
    host.handler.veto('a');
    expect(await session.close()).toBe('orphaned');
    expect(host.warnings).toEqual([
      expect.objectContaining({ operation: 'close', subject: { session: 's' } }),
    ]);
    expect(await codeOf(() => host.retrieve('s'))).toBe('EINVAL');
    expect(await codeOf(() => session.finish())).toBe('EBADF');
    expect(host.ledger.openCount).toBe(2);
    const other = await rebooted();
    expect(await other.session.close()).toBe('closed');
    expect(other.host.journal.takeOnly('finish')).toHaveLength(2);
  });

  it('S12: finish drops the files, the session stays until closed', async () => {
    const { host, session } = await rebooted();
    await session.finish();
    expect(await codeOf(() => session.retrieve(1n))).toBe('ENOENT');
    expect(await codeOf(() => session.finish())).toBeNull();
    expect(await codeOf(() => host.retrieve('s'))).toBe('EINVAL');
    expect(await session.close()).toBe('closed');
  });

  it('S13: incoming sessions nobody retrieved are not handed over again', async () => {
    const { host } = await rebooted();
    host.create('new');
    await host.reboot();
    expect(await codeOf(() => host.retrieve('s'))).toBe('ENOENT');
    expect(await codeOf(() => host.retrieve('new'))).toBeNull();
  });

  it('S15: a duplicate name at a full block leaves no empty block behind, unlike the kernel', async () => {
    const host = new TestHost({ profile });
    for (let i = 0; i < 51; i++) host.create(`s${i}`);
    const before = host.memory.preservedSizeBytes;
    expect(await codeOf(() => host.create('s7'))).toBe('EEXIST');
    expect(host.memory.preservedSizeBytes).toBe(before);
    expect(await codeOf(() => host.reboot())).toBeNull();
    expect(await codeOf(() => host.retrieve('s50'))).toBeNull();
  });

  it('D9: a session tells its name, before and after the reboot', async () => {
    const { session, host } = await rebooted();
    expect(await session.getName()).toBe('s');
    expect(await host.create('other').getName()).toBe('other');
    await session.close();
    expect(await codeOf(() => session.getName())).toBe('EBADF');
    expect(await codeOf(() => session.close())).toBe('EBADF');
  });

  it('D10: the wrong side of the reboot is EINVAL', async () => {
    const { host, session: incoming } = await rebooted();
    const outgoing = host.create('out');
    expect(await codeOf(() => incoming.preserve(9n, testFile('x')))).toBe('EINVAL');
    expect(await codeOf(() => outgoing.retrieve(1n))).toBe('EINVAL');
    expect(await codeOf(() => outgoing.finish())).toBe('EINVAL');
  });

  it('D10: names are checked upstream and cut in the seed', async () => {
    const host = new TestHost({ profile });
    const create = (name: string) => codeOf(() => host.create(name));
    const strict = profile === 'upstream';
    expect(await create('')).toBe(strict ? 'EINVAL' : null);
    expect(await create('A'.repeat(63))).toBeNull();
    expect(await create('A'.repeat(64))).toBe(strict ? 'EINVAL' : 'EEXIST');
    expect(await create('ä'.repeat(32))).toBe(strict ? 'EINVAL' : null);
    for (const name of ['a\0b', 'half \ud800']) expect(await create(name)).toBe('EINVAL');
    expect(await codeOf(() => host.retrieve('A'.repeat(64)))).toBe('ENOENT');
    if (strict) return;
    await host.reboot();
    expect(await host.retrieve('ä'.repeat(31)).getName()).toBe('ä'.repeat(31));
  });

  it('D10: sessions are limited: 744 in the seed (ENOMEM), by blocks upstream (ENOSPC, before EEXIST)', async () => {
    const small = { pageSizeBytes: 256 };
    if (profile === 'seed') {
      const host = new TestHost({ profile, ...small });
      for (let i = 0; i < 744; i++) host.create(`s${i}`);
      expect(await codeOf(() => host.create('one too many'))).toBe('ENOMEM');
    } else {
      const { UPSTREAM_PROFILE } = await import('../index');
      const host = new TestHost({ profile: { ...UPSTREAM_PROFILE, blocksMax: 2 }, ...small });
      for (let i = 0; i < 6; i++) host.create(`s${i}`);
      expect(await codeOf(() => host.create('one too many'))).toBe('ENOSPC');
      expect(await codeOf(() => host.create('s0'))).toBe('ENOSPC');
    }
  });
});

describe.each(profiles)('reboot, %s', (profile) => {
  it('S17: the reboot answers with the first freeze error, and a second one during it is EBUSY', async () => {
    const host = new TestHost({ profile, asynchronous: true });
    const session = host.create('s');
    for (const name of ['a', 'b'])
      await session.preserve(BigInt(name.charCodeAt(0)), testFile(name));
    host.handler.fail('freeze', 'a', 'ENODEV');
    host.handler.fail('freeze', 'b', 'EIO');
    const freezing = host.orchestrator.freezeAll();
    expect(await codeOf(() => host.orchestrator.freezeAll())).toBe('EBUSY');
    expect(await codeOf(() => freezing)).toBe('ENODEV');
  });

  it('S18: sessions freeze in order, a failure rolls back its own files and then the others in reverse', async () => {
    const host = new TestHost({ profile });
    for (const name of ['s1', 's2', 's3', 's4']) {
      const session = host.create(name);
      for (const i of [1, 2]) await session.preserve(BigInt(i), testFile(`${name}-${i}`));
    }
    host.journal.take();
    host.handler.fail('freeze', 's3-2', 'EIO');
    const error = await Promise.resolve()
      .then(() => host.orchestrator.freezeAll())
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LuoError);
    expect(error).toMatchObject({ code: 'EIO', subject: { session: 's3', token: 2n } });
    const lines = host.journal.take().map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(lines).toEqual([
      ...['s1-1', 's1-2', 's2-1', 's2-2', 's3-1', 's3-2'].map((name) => `freeze ${name}`),
      ...['s3-1', 's2-1', 's2-2', 's1-1', 's1-2'].map((name) => `unfreeze ${name}`),
    ]);
    expect(host.orchestrator.report().map(({ fileCount }) => fileCount)).toEqual([2, 2, 2, 2]);
    expect(await codeOf(() => host.create('s5'))).toBeNull();
  });

  it('S19: there is no freeze outside of the reboot', () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    expect('freeze' in session).toBe(false);
    expect('freeze' in host.device).toBe(false);
  });

  it('S21: the live update number counts the reboots that handed something over', async () => {
    const host = new TestHost({ profile });
    for (const expected of [1n, 2n, 3n]) {
      await host.reboot();
      expect(host.orchestrator.liveUpdateNumber).toBe(expected);
    }
    host.boot(undefined);
    expect(host.orchestrator.liveUpdateNumber).toBe(0n);
  });

  it('D11: frozen, every call is EBUSY where the kernel would hang; unfreezeAll releases', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    await session.preserve(1n, testFile('a'));
    await host.orchestrator.freezeAll();
    const calls = [
      () => host.device.createSession('t'),
      () => host.device.retrieveSession('t'),
      () => session.preserve(2n, testFile('b')),
      () => session.getName(),
      () => session.close(),
      () => host.orchestrator.open(),
      () => host.orchestrator.freezeAll(),
      () => host.orchestrator.registerHandler(host.handler),
      () => host.memory.allocatePreserve(1),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('EBUSY');
    await host.orchestrator.unfreezeAll();
    expect(await codeOf(() => host.orchestrator.unfreezeAll())).toBe('EINVAL');
    expect(await codeOf(() => session.preserve(2n, testFile('b')))).toBeNull();
    expect(await session.close()).toBe('closed');
    expect(host.memory.preservedSizeBytes).toBe(0);
  });

  it('D11: a freeze waits for what is under way, and calls during it are EBUSY', async () => {
    const host = new TestHost({ profile, asynchronous: true });
    const session = host.create('s');
    const preserving = session.preserve(1n, testFile('a'));
    const freezing = host.orchestrator.freezeAll();
    expect(await codeOf(() => session.preserve(2n, testFile('b')))).toBe('EBUSY');
    await preserving;
    host.boot(await freezing);
    expect(await host.retrieve('s').retrieve(1n)).toEqual({ name: 'a' });
  });
});

it('S10: unlike the kernel, the engine lists its sessions and the handlers the next boot needs', async () => {
  const host = new TestHost();
  await host.create('s').preserve(1n, testFile('a'));
  expect(host.orchestrator.compatiblesInUse()).toEqual(['faulty-v1']);
  expect(host.orchestrator.report()).toEqual([
    { name: 's', direction: 'outgoing', retrieved: false, fileCount: 1 },
  ]);
});
