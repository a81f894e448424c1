/** Thrown when an integration test runs without the service it needs. */
export class TestServiceMissingError extends Error {
  constructor(readonly variable: 'DATABASE_URL' | 'REDIS_URL') {
    super(
      `${variable} is not set. Integration tests run under \`npm test\`; to run one by hand, ` +
        'start `npm run services` and export what it prints.',
    );
    this.name = 'TestServiceMissingError';
  }
}

/** Reads the address of a service tests need. */
export function addressOf(variable: 'DATABASE_URL' | 'REDIS_URL'): string {
  const address = process.env[variable];
  if (!address) throw new TestServiceMissingError(variable);
  return address;
}
