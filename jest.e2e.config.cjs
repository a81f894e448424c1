// End to end: the built control plane, agents and workloads as real processes.
module.exports = {
  ...require('./tools/test/jest.preset.cjs'),
  testMatch: ['**/*.e2e-spec.ts'],
  maxWorkers: 1,
  testTimeout: 120_000,
};
