// Unit tests: no services, no network.
module.exports = {
  ...require('./tools/test/jest.preset.cjs'),
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
};
