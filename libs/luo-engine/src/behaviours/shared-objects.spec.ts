import type { HandlerOwner, SharedObject } from '../index';
import { altered, codeOf, FaultyHandler, testFile, TestHost } from '../testing';

/** A shared object that writes down what happens to it. */
class TestObject implements SharedObject<string> {
  readonly lines: string[] = [];
  failing: string | null = null;
  owner?: HandlerOwner;

  constructor(
    readonly name: string,
    private readonly asynchronous = false,
    private readonly log: string[] = [],
  ) {}

  preserve() {
    this.#enter('preserve');
    const preserved = { data: 0xfeedn, object: `live ${this.name}` };
    return this.asynchronous ? Promise.resolve(preserved) : preserved;
  }
  unpreserve({ data, object }: { data: bigint; object: string }) {
    this.#enter(`unpreserve ${data.toString(16)} ${object}`);
  }
  retrieve(data: bigint) {
    this.#enter(`retrieve ${data.toString(16)}`);
    return this.asynchronous ? Promise.resolve('again') : 'again';
  }
  finish(object: string) {
    this.#enter(`finish ${object}`);
  }

  #enter(line: string): void {
    this.lines.push(line);
    this.log.push(`${this.name} ${line}`);
    if (this.failing !== null && line.startsWith(this.failing)) {
      throw Object.assign(new Error('told to fail'), { code: 'ENODEV' });
    }
  }
}

async function withObject(asynchronous = false) {
  const host = new TestHost();
  const object = new TestObject('domain', asynchronous);
  host.orchestrator.registerSharedObject(host.handler, object);
  const session = host.create('s');
  return { host, object, session };
}

/** The same host after a reboot with `count` dependent files; the object is registered again. */
async function rebooted(count: number, asynchronous = false) {
  const { host, object, session } = await withObject(asynchronous);
  for (let i = 0; i < count; i++) await session.preserve(BigInt(i), testFile(`f${i}`));
  const region = await host.orchestrator.freezeAll();
  host.boot(region);
  host.orchestrator.registerSharedObject(host.handler, object);
  object.lines.length = 0;
  return { host, object, region, session: host.retrieve('s') };
}

it.each([false, true])(
  'S23: the first file preserves the object, the last one takes it back (async %s)',
  async (asynchronous) => {
    const { host, object, session } = await withObject(asynchronous);
    const second = host.create('t');
    await Promise.all([session.preserve(1n, testFile('a')), second.preserve(1n, testFile('b'))]);
    expect(object.lines).toEqual(['preserve']);
    expect(host.orchestrator.outgoingSharedObject(object)).toBe('live domain');
    await session.close();
    expect(object.lines).toEqual(['preserve']);
    await second.close();
    expect(object.lines).toEqual(['preserve', 'unpreserve feed live domain']);
    expect(host.orchestrator.outgoingSharedObject(object)).toBeUndefined();
  },
);

it('S23: a failing object fails the file; objects before it are rolled back in reverse', async () => {
  const log: string[] = [];
  const host = new TestHost();
  const objects = ['one', 'two', 'three'].map((name) => new TestObject(name, false, log));
  for (const object of objects) host.orchestrator.registerSharedObject(host.handler, object);
  objects[2]!.failing = 'preserve';
  const session = host.create('s');
  expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('ENODEV');
  expect(log.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'one preserve',
    'two preserve',
    'three preserve',
    'two unpreserve',
    'one unpreserve',
  ]);
  expect(host.journal.takeOnly('preserve')).toEqual([]);
  expect(host.references.total).toBe(0);
});

it('S23: a failing preserve of the file takes the object back', async () => {
  const { host, object, session } = await withObject();
  host.handler.fail('preserve', 'a', 'EIO');
  expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('EIO');
  expect(object.lines).toEqual(['preserve', 'unpreserve feed live domain']);
});

it('S23: retrieved at the first request, finished with the last file, then ENODATA', async () => {
  const { host, object, session } = await rebooted(2);
  expect(object.lines).toEqual([]);
  expect(await host.orchestrator.getSharedObject(object)).toBe('again');
  expect(await host.orchestrator.getSharedObject(object)).toBe('again');
  expect(object.lines).toEqual(['retrieve feed']);
  await session.finish();
  expect(object.lines).toEqual(['retrieve feed']);
  await host.orchestrator.putSharedObject(object);
  await host.orchestrator.putSharedObject(object);
  expect(object.lines).toEqual(['retrieve feed', 'finish again']);
  expect(await codeOf(() => host.orchestrator.getSharedObject(object))).toBe('ENODATA');
});

it('S23: a failed retrieve stands', async () => {
  const { host, object } = await rebooted(1);
  object.failing = 'retrieve';
  for (let i = 0; i < 2; i++) {
    expect(await codeOf(() => host.orchestrator.getSharedObject(object))).toBe('ENODEV');
  }
  expect(object.lines).toEqual(['retrieve feed']);
});

it('S23: an object nobody handed over is ENOENT only when asked for, ENODATA on a cold boot', async () => {
  const { host } = await rebooted(1);
  const unknown = new TestObject('unknown');
  host.orchestrator.registerSharedObject(host.handler, unknown);
  expect(await codeOf(() => host.orchestrator.getSharedObject(unknown))).toBe('ENOENT');
  const never = new TestObject('never registered');
  expect(await codeOf(() => host.orchestrator.getSharedObject(never))).toBe('ENOENT');
  const cold = await withObject();
  expect(await codeOf(() => cold.host.orchestrator.getSharedObject(cold.object))).toBe('ENODATA');
});

it('S23: errors of registration come in their order', async () => {
  const host = new TestHost();
  const { orchestrator, handler } = host;
  const object = new TestObject('domain');
  const register = (target: FaultyHandler, shared: SharedObject) =>
    codeOf(() => orchestrator.registerSharedObject(target, shared));
  const incomplete = { name: 'domain', preserve: object.preserve } as unknown as SharedObject;
  expect(await register(new FaultyHandler(), incomplete)).toBe('EINVAL');
  expect(await register(new FaultyHandler(), object)).toBe('EINVAL');
  expect(await register(handler, object)).toBeNull();
  expect(await register(handler, object)).toBe('EEXIST');
  expect(await register(handler, new TestObject('domain'))).toBe('EEXIST');
  const other = new FaultyHandler({ compatible: 'other' });
  orchestrator.registerHandler(other);
  expect(await register(other, object)).toBeNull();
  for (let i = 1; i < 63; i++) expect(await register(handler, new TestObject(`o${i}`))).toBeNull();
  expect(await register(handler, new TestObject('64th'))).toBe('ENOSPC');
  for (const [options, code] of [
    [{ enabled: false }, 'EOPNOTSUPP'],
    [{ profile: 'seed' }, 'EOPNOTSUPP'],
  ] as const) {
    const off = new TestHost(options);
    expect(await codeOf(() => off.orchestrator.registerSharedObject(off.handler, incomplete))).toBe(
      code,
    );
  }
});

it('S23: unregistering gives the page back; a handler that leaves takes its objects along (D8)', async () => {
  const { host, object, session } = await withObject();
  await session.close();
  expect(host.memory.preservedSizeBytes).toBe(4096);
  host.orchestrator.unregisterSharedObject(host.handler, object);
  expect(host.memory.preservedSizeBytes).toBe(0);
  const again = () => host.orchestrator.unregisterSharedObject(host.handler, object);
  expect(await codeOf(again)).toBe('ENOENT');
  host.orchestrator.registerSharedObject(host.handler, object);
  host.orchestrator.unregisterHandler(host.handler);
  expect(host.memory.preservedSizeBytes).toBe(0);
});

it('S23: a file that is refused before it needs the object leaves it alone', async () => {
  const { object, session } = await withObject();
  const file = testFile('a');
  await session.preserve(1n, file);
  expect(await codeOf(() => session.preserve(2n, file))).toBe('EBUSY');
  expect(object.lines).toEqual(['preserve']);
});

it('S23: the owner of an object is pinned while it is in use; going away is ENODEV', async () => {
  const { host, object, session } = await withObject();
  let pins = 0;
  let alive = false;
  object.owner = {
    tryGet: () => {
      if (alive) pins += 1;
      return alive;
    },
    put: () => void (pins -= 1),
  };
  expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('ENODEV');
  alive = true;
  await session.preserve(1n, testFile('a'));
  await session.preserve(2n, testFile('b'));
  expect(pins).toBe(1);
  await session.close();
  expect(pins).toBe(0);
  expect(host.warnings).toEqual([]);
});

it.each([false, true])(
  'S24: nobody asked, so the last finish retrieves first (async %s)',
  async (asynchronous) => {
    const { object, session } = await rebooted(3, asynchronous);
    await session.finish();
    expect(object.lines).toEqual(['retrieve feed', 'finish again']);
  },
);

it('S24: when that retrieve fails it is a warning and the object stays unfinished', async () => {
  const { host, object, session } = await rebooted(1);
  object.failing = 'retrieve';
  await session.finish();
  expect(host.warnings).toEqual([expect.objectContaining({ subject: { compatible: 'domain' } })]);
  expect(object.lines).toEqual(['retrieve feed']);
  expect(session.fileCount).toBe(0);
});

it('S24: the count of dependent files crosses the reboot', async () => {
  const { region } = await rebooted(3);
  const view = new DataView(region.buffer, region.byteOffset);
  const page = Number(view.getBigUint64(56, true));
  expect([view.getBigUint64(page, true), view.getBigUint64(page + 8, true)]).toEqual([1n, 1n]);
  expect(String.fromCharCode(...region.subarray(page + 16, page + 23))).toBe('domain\0');
  expect([view.getBigUint64(page + 64, true), view.getBigUint64(page + 72, true)]).toEqual([
    0xfeedn,
    3n,
  ]);
});

it('S5: a malformed shared-object page stops the boot', async () => {
  const { host, region } = await rebooted(1);
  const page = Number(new DataView(region.buffer, region.byteOffset).getBigUint64(56, true));
  const wild = altered(region, (view) => view.setBigUint64(page + 8, 64n, true));
  expect(await codeOf(() => host.boot(wild))).toBe('EINVAL');
  const open = altered(region, (view) => {
    for (let i = 0; i < 48; i++) view.setUint8(page + 16 + i, 0x41);
  });
  expect(await codeOf(() => host.boot(open))).toBe('EINVAL');
  const elsewhere = altered(region, (view) => view.setBigUint64(56, 123n, true));
  expect(await codeOf(() => host.boot(elsewhere))).toBe('EINVAL');
});

it('S24: more finishes than files only warn', async () => {
  const { host, object } = await withObject();
  await host.orchestrator.putSharedObject(object);
  expect(host.warnings).toHaveLength(1);
});
