import { OWN_SESSION } from './own-session';
import { sessionNameOf } from './session-names';

const bytes = (name: string) => Buffer.byteLength(name);

it('names sessions after their workloads, apart from everybody else’s', () => {
  expect(sessionNameOf('kv')).toBe('luofleet.kv');
  expect(sessionNameOf('')).not.toBe(OWN_SESSION);
});

it('has a name of at most 63 bytes for any workload, another for each', () => {
  const longest = 'w'.repeat(54);
  expect(sessionNameOf(longest)).toBe(`luofleet.${longest}`);
  expect(bytes(sessionNameOf(longest))).toBe(63);
  const over = sessionNameOf(`${longest}w`);
  expect(bytes(over)).toBeLessThanOrEqual(63);
  expect(over).not.toBe(sessionNameOf(`${longest}x`));
  expect(bytes(sessionNameOf('ö'.repeat(28)))).toBeLessThanOrEqual(63);
});
