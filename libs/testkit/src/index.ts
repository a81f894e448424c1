export { createTestDatabase } from './test-database';
export type { TestDatabase } from './test-database';
export { createTestRedis } from './test-redis';
export type { TestRedis } from './test-redis';
export { TestServiceMissingError } from './test-service-missing.error';
export { type Answers, TcpProxy } from './tcp-proxy';
export { until } from './until';
