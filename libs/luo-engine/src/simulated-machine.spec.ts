import { SimulatedMachine, type LiveUpdateMachine } from './index';
import { codeOf, FaultyHandler, HandleLedger, testFile, type TestFile } from './testing';

function machine(asynchronous = false): LiveUpdateMachine<TestFile> & { coldBoot(): void } {
  const ledger = new HandleLedger();
  return new SimulatedMachine<TestFile>({
    handlers: () => [new FaultyHandler({ ledger, asynchronous })],
  });
}

it.each([false, true])(
  'runs a scenario through the device-like interface (async %s)',
  async (asynchronous) => {
    const host = machine(asynchronous);
    const device = await host.open();
    expect(await codeOf(() => host.open())).toBe('EBUSY');
    const session = await device.createSession('s');
    await session.preserve(0x1an, testFile('a'));
    await host.reboot();
    expect(await codeOf(() => session.preserve(1n, testFile('b')))).toBe('EBUSY');
    const restored = await (await host.open()).retrieveSession('s');
    expect(await restored.getName()).toBe('s');
    expect(await restored.retrieve(0x1an)).toEqual({ name: 'a' });
    await restored.finish();
    expect(await restored.close()).toBe('closed');
  },
);

it('a cold boot hands nothing over', async () => {
  const host = machine();
  const session = await (await host.open()).createSession('s');
  await session.preserve(1n, testFile('a'));
  host.coldBoot();
  expect(await codeOf(async () => (await host.open()).retrieveSession('s'))).toBe('ENOENT');
});

it('is cheap enough for thousands of hosts', () => {
  const hosts = Array.from({ length: 5_000 }, () => machine());
  expect(new Set(hosts).size).toBe(5_000);
});

it.each(['seed', 'upstream'] as const)(
  'makes no promise while every handler answers at once, %s',
  (profile) => {
    const ledger = new HandleLedger();
    const host = new SimulatedMachine<TestFile>({
      profile,
      handlers: () => [new FaultyHandler({ ledger })],
    });
    const answers: unknown[] = [];
    const session = host.open().createSession('s');
    answers.push(session.preserve(1n, testFile('a')), host.reboot());
    const restored = host.open().retrieveSession('s');
    answers.push(restored.retrieve(1n), restored.finish(), restored.close());
    expect(answers.some((answer) => answer instanceof Promise)).toBe(false);
  },
);
