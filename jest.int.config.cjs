// Integration tests on real Postgres and Redis. DATABASE_URL and REDIS_URL are set by `npm test`.
module.exports = {
  ...require('./tools/test/jest.preset.cjs'),
  globalSetup: './tools/test/event-kinds.setup.cjs',
  globalTeardown: './tools/test/event-kinds.teardown.cjs',
  testMatch: ['**/*.int-spec.ts'],
  // A hook makes a database and boots a control plane; on a busy machine that takes a while.
  testTimeout: 60_000,
};
