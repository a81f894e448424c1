// Integration tests on real Postgres and Redis. DATABASE_URL and REDIS_URL are set by `npm test`.
module.exports = { ...require('./tools/test/jest.preset.cjs'), testMatch: ['**/*.int-spec.ts'] };
