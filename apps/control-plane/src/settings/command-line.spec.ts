import { roleOf } from './command-line';

it('reads the role, and is everything without one', () => {
  expect(roleOf([])).toBe('all');
  expect(roleOf(['--role', 'api'])).toBe('api');
});

it.each([
  [['--role', 'api', '--role', 'worker']],
  [['--role=api', '--role=api']],
  [['--role', 'nobody']],
  [['--roles', 'api']],
  [['api']],
])('refuses %j', (args) => {
  expect(() => roleOf(args)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});
