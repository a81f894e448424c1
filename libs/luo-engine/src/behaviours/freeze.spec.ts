import { drive, LuoError, type FileSet, type FileSetRecord } from '../index';
import {
  altered,
  codeOf,
  FaultyHandler,
  sessionOffset,
  testFile,
  TestHost,
  type TestFile,
} from '../testing';

const profiles = ['seed', 'upstream'] as const;

/** A host with one session of files a, b, c, and that session's file set. */
async function prepared(
  profile: (typeof profiles)[number],
  handlers?: FaultyHandler[],
): Promise<{ host: TestHost; set: FileSet<TestFile> }> {
  const host = new TestHost(handlers === undefined ? { profile } : { profile, handlers });
  const session = host.create('s');
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await session.preserve(BigInt(i + 1), testFile(name));
  host.journal.take();
  return { host, set: host.orchestrator.sessions.outgoing.get('s')!.files };
}

function recordBytes({ memory }: TestHost, set: FileSet<TestFile>): Uint8Array {
  return memory.preservedBytes(set.outgoing.address);
}

describe.each(profiles)('freeze, %s', (profile) => {
  it('B23: an empty set is fine and leaves the output alone', async () => {
    const host = new TestHost({ profile });
    host.create('s');
    const { files } = host.orchestrator.sessions.outgoing.get('s')!;
    const out: FileSetRecord = { files: 77n, count: 88n };
    await drive(files.freeze(out));
    expect(out).toEqual({ files: 77n, count: 88n });
  });

  it('B23: files without room for their records are EINVAL with a warning', async () => {
    const { host, set } = await prepared(profile);
    set.outgoing.destroy();
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('EINVAL');
    expect(host.warnings).toEqual([expect.objectContaining({ operation: 'freeze' })]);
    expect(host.journal.take()).toEqual([]);
  });

  it('B24: files freeze first to last, a new handle is adopted, absence of freeze is success', async () => {
    const { host, set } = await prepared(profile);
    host.handler.freezeAnswers.set('b', 0xabcdn);
    const out: FileSetRecord = { files: 0n, count: 0n };
    await drive(set.freeze(out));
    expect(host.journal.take()).toEqual(['freeze a 1', 'freeze b 2', 'freeze c 3']);
    expect(set.report().map(({ data }) => data)).toEqual([1n, 0xabcdn, 3n]);
    const without = new FaultyHandler({ without: ['freeze'] });
    const other = await prepared(profile, [without]);
    expect(await codeOf(() => drive(other.set.freeze(out)))).toBeNull();
  });

  it('B25: a positive status is a success whose new handle is not adopted; a negative one fails', async () => {
    const { host, set } = await prepared(profile);
    host.handler.freezeAnswers.set('a', { status: 1, data: 99n });
    host.handler.freezeAnswers.set('b', { status: 0, data: 98n });
    await drive(set.freeze({ files: 0n, count: 0n }));
    expect(set.report().map(({ data }) => data)).toEqual([1n, 98n, 3n]);
    host.handler.freezeAnswers.set('c', { status: -28, data: 97n });
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('ENOSPC');
    host.handler.freezeAnswers.set('c', 2n ** 64n);
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('EINVAL');
  });

  it('B26: address and count are written only after every file succeeded', async () => {
    const { host, set } = await prepared(profile);
    host.handler.fail('freeze', 'c', 'EIO');
    const out: FileSetRecord = { files: 0n, count: 0n };
    expect(await codeOf(() => drive(set.freeze(out)))).toBe('EIO');
    expect(out).toEqual({ files: 0n, count: 0n });
    host.handler.heal('c');
    await drive(set.freeze(out));
    expect(out).toEqual({ files: BigInt(set.outgoing.address), count: 3n });
  });

  it('B27: on failure only the files before it are unfrozen, never the failed one or later ones', async () => {
    const { host, set } = await prepared(profile);
    host.handler.fail('freeze', 'a', 'EIO');
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('EIO');
    expect(host.journal.take()).toEqual(['freeze a 1']);
    expect(set.report().map(({ data }) => data)).toEqual([1n, 2n, 3n]);
  });

  it('B27: the error names session, token and handler', async () => {
    const { host, set } = await prepared(profile);
    host.handler.fail('freeze', 'b', 'ENODEV');
    const failure: unknown = await Promise.resolve()
      .then(() => host.orchestrator.freezeAll())
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LuoError);
    expect(failure).toMatchObject({
      code: 'ENODEV',
      errno: 19,
      operation: 'freeze',
      subject: { session: 's', token: 2n, compatible: 'faulty-v1' },
    });
    expect(host.journal.take()).toEqual(['freeze a 1', 'freeze b 2', 'unfreeze a 1']);
    expect(recordBytes(host, set).every((byte) => byte === 0)).toBe(true);
    expect(await codeOf(() => host.create('again'))).toBeNull();
  });

  it('B28: rollback goes first to last', async () => {
    const { host, set } = await prepared(profile);
    host.handler.fail('freeze', 'c', 'EIO');
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('EIO');
    expect(host.journal.takeOnly('unfreeze')).toEqual(['unfreeze a 1', 'unfreeze b 2']);
  });

  it('B29: unfreeze also runs for files whose handler has no freeze', async () => {
    const half = new FaultyHandler({ without: ['freeze'] });
    const { set } = await prepared(profile, [half]);
    await drive(set.freeze({ files: 0n, count: 0n }));
    half.journal.take();
    await drive(set.unfreeze({ files: 1n, count: 1n }));
    expect(half.journal.take()).toEqual(['unfreeze a 1', 'unfreeze b 2', 'unfreeze c 3']);
  });

  it('B30, D5: unfreeze sets the handle to 0 in the seed, even without a callback, and keeps it upstream', async () => {
    const bare = new FaultyHandler({ without: ['unfreeze'] });
    const { set } = await prepared(profile, [bare]);
    bare.fail('freeze', 'c', 'EIO');
    expect(await codeOf(() => drive(set.freeze({ files: 0n, count: 0n })))).toBe('EIO');
    const expected = profile === 'seed' ? [0n, 0n, 3n] : [1n, 2n, 3n];
    expect(set.report().map(({ data }) => data)).toEqual(expected);
    bare.heal('c');
    bare.journal.take();
    await drive(set.freeze({ files: 0n, count: 0n }));
    expect(bare.journal.take()[0]).toBe(`freeze a ${expected[0]}`);
  });

  it('B31: undoing a whole freeze unfreezes first to last and zeroes records and output', async () => {
    const { host, set } = await prepared(profile);
    const out: FileSetRecord = { files: 0n, count: 0n };
    await drive(set.freeze(out));
    host.journal.take();
    await drive(set.unfreeze(out));
    expect(host.journal.take()).toEqual(['unfreeze a 1', 'unfreeze b 2', 'unfreeze c 3']);
    expect(out).toEqual({ files: 0n, count: 0n });
    expect(recordBytes(host, set).every((byte) => byte === 0)).toBe(true);
    const empty = new TestHost({ profile });
    empty.create('s');
    const untouched: FileSetRecord = { files: 5n, count: 6n };
    await drive(empty.orchestrator.sessions.outgoing.get('s')!.files.unfreeze(untouched));
    expect(untouched).toEqual({ files: 5n, count: 6n });
  });
});

describe.each(profiles)('deserialize, %s', (profile) => {
  async function region(): Promise<{ host: TestHost; bytes: Uint8Array }> {
    const { host } = await prepared(profile);
    return { host, bytes: await host.orchestrator.freezeAll() };
  }
  const booted = (host: TestHost, bytes: Uint8Array) => async () => {
    host.boot(bytes);
    return host.device;
  };
  /** Overwrites the compatible string of the second file. */
  const strangeSecond = (bytes: Uint8Array): Uint8Array =>
    altered(bytes, (view) => {
      const at = secondRecord(bytes);
      for (let i = 0; i < 48; i++) view.setUint8(at + i, i < 3 ? 0x78 : 0);
    });
  function secondRecord(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const files = Number(view.getBigUint64(sessionOffset(bytes, 's') + 64, true));
    return files + (profile === 'seed' ? 0 : 16) + 64;
  }

  it('B32: nothing is deserialised before the first open', async () => {
    const { host, bytes } = await region();
    host.boot(bytes);
    expect(host.orchestrator.report()).toEqual([]);
    expect(host.device).toBeDefined();
    expect(host.orchestrator.report()).toEqual([
      { name: 's', direction: 'incoming', retrieved: false, fileCount: 3 },
    ]);
  });

  it('B33: no records is fine, with a warning when a count is claimed; otherwise order is kept', async () => {
    const { host, bytes } = await region();
    const at = sessionOffset(bytes, 's');
    host.boot(altered(bytes, (view) => view.setBigUint64(at + 64, 0n, true)));
    expect(host.retrieve('s').fileCount).toBe(0);
    expect(host.warnings).toEqual([expect.objectContaining({ operation: 'deserialize' })]);
    host.boot(bytes);
    const session = host.retrieve('s');
    expect(session.report().map(({ token, retrieveStatus }) => [token, retrieveStatus])).toEqual([
      [1n, 0],
      [2n, 0],
      [3n, 0],
    ]);
    expect(host.journal.takeOnly('retrieve', 'canPreserve')).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^retrieve/)]),
    );
  });

  it('B34: an unknown compatible string is ENOENT and stops at once', async () => {
    const { host, bytes } = await region();
    host.boot(strangeSecond(bytes));
    const error = await Promise.resolve()
      .then(() => host.device)
      .catch((caught: unknown) => caught);
    if (profile === 'upstream') {
      expect(error).toMatchObject({
        code: 'EIO',
        cause: { code: 'ENOENT', subject: { session: 's' } },
      });
    } else {
      expect(host.warnings).toEqual([
        expect.objectContaining({ cause: expect.objectContaining({ code: 'ENOENT' }) }),
      ]);
    }
  });

  it('B35: what was linked before the failure stays in the seed and is dropped upstream', async () => {
    const { host, bytes } = await region();
    const code = await codeOf(booted(host, strangeSecond(bytes)));
    const { files } = host.orchestrator.sessions.incoming.get('s')!;
    if (profile === 'seed') {
      expect(code).toBeNull();
      expect(files.report().map(({ token }) => token)).toEqual([1n]);
    } else {
      expect(code).toBe('EIO');
      expect(files.report()).toEqual([]);
      expect(files.count).toBe(0);
    }
  });

  it('B36, D6: the count stays the wire’s in the seed and outlives finish; upstream it must match', async () => {
    const { host, bytes } = await region();
    const at = sessionOffset(bytes, 's');
    if (profile === 'seed') {
      host.boot(strangeSecond(bytes));
      const session = host.retrieve('s');
      expect(session.fileCount).toBe(3);
      await session.finish();
      expect(session.fileCount).toBe(2);
      host.warnings.length = 0;
      await session.close();
      expect(host.warnings).toEqual([
        expect.objectContaining({ detail: expect.stringContaining('2 files') }),
      ]);
      host.boot(altered(bytes, (view) => view.setBigUint64(at + 72, 2n ** 60n, true)));
      expect(host.retrieve('s').fileCount).toBe(2 ** 60);
    } else {
      for (const count of [2n, 4n, 2n ** 60n]) {
        const wrong = altered(bytes, (view) => view.setBigUint64(at + 72, count, true));
        expect(await codeOf(booted(host, wrong))).toBe('EIO');
      }
    }
  });

  it('B36: of two files with one token the first wins at retrieve, both are finished', async () => {
    const { host, bytes } = await region();
    host.boot(altered(bytes, (view) => view.setBigUint64(secondRecord(bytes) + 56, 1n, true)));
    const session = host.retrieve('s');
    expect(await session.retrieve(1n)).toEqual({ name: 'a' });
    expect(await codeOf(() => session.retrieve(2n))).toBe('ENOENT');
    host.journal.take();
    await session.finish();
    expect(host.journal.takeOnly('finish')).toHaveLength(3);
  });

  it('B37, S4: a failure is ignored by open in the seed and EIO at every open upstream', async () => {
    const { host, bytes } = await region();
    host.boot(strangeSecond(bytes));
    const open = () => host.orchestrator.open();
    expect(await codeOf(open)).toBe(profile === 'seed' ? null : 'EIO');
    expect(await codeOf(open)).toBe(profile === 'seed' ? 'EBUSY' : 'EIO');
    host.boot(bytes);
    expect(await codeOf(() => host.device)).toBeNull();
  });
});
