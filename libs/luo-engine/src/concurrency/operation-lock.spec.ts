import { codeOf } from '../testing';
import { OperationLock } from './operation-lock';
import type { Step } from './step';

function* waiting(promise: Promise<unknown>, log: string[], name: string): Step<string> {
  log.push(`${name} starts`);
  yield promise;
  log.push(`${name} ends`);
  return name;
}

it('answers at once when nothing waits, and never makes a promise then', () => {
  const lock = new OperationLock();
  const answer = lock.call('preserve', {}, () => 5);
  expect(answer).toBe(5);
  expect(lock.busy).toBe(false);
});

it('runs waiting operations one at a time, in the order asked, also after a failure', async () => {
  const lock = new OperationLock();
  const log: string[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const first = lock.run('preserve', {}, waiting(gate, log, 'first'));
  const failing = lock.call('preserve', {}, () => Promise.reject(new Error('no')));
  const last = lock.call('preserve', {}, () => log.push('last'));
  expect(lock.busy).toBe(true);
  open();
  expect(await first).toBe('first');
  await expect(failing).rejects.toThrow('no');
  await last;
  expect(log).toEqual(['first starts', 'first ends', 'last']);
  await lock.idle();
  expect(lock.busy).toBe(false);
});

it('refuses a synchronous callback into its own caller with EDEADLK, and works afterwards', async () => {
  const lock = new OperationLock();
  const inner = () => lock.call('retrieve', {}, () => 1);
  expect(await codeOf(() => lock.call('preserve', {}, inner))).toBe('EDEADLK');
  expect(lock.call('preserve', {}, () => 2)).toBe(2);
});
