import { asDatabaseError } from './database-error';

const codeOf = (thrown: unknown) => asDatabaseError(thrown, 'read host', 'host a').code;
const adapterError = (cause: object) =>
  Object.assign(new Error('adapter'), { name: 'DriverAdapterError', cause });

describe('errors out of the database', () => {
  it.each([
    ['a connection that broke under a statement', new Error('Connection terminated unexpectedly')],
    [
      'a connection that had broken before',
      new Error('Client has encountered a connection error and is not queryable'),
    ],
    ['a refused connection', Object.assign(new Error(), { code: 'ECONNREFUSED' })],
    [
      'a raw query without a connection',
      Object.assign(new Error('Raw query failed'), {
        code: 'P2010',
        meta: { driverAdapterError: adapterError({ kind: 'DatabaseNotReachable' }) },
      }),
    ],
  ])('call %s UNAVAILABLE', (_what, thrown) => expect(codeOf(thrown)).toBe('UNAVAILABLE'));

  it('call a deadlock a CONFLICT and a bad statement INTERNAL', () => {
    const failing = (originalCode: string) =>
      Object.assign(new Error('Raw query failed'), {
        code: 'P2010',
        meta: { driverAdapterError: adapterError({ kind: 'postgres', originalCode }) },
      });
    expect(codeOf(failing('40P01'))).toBe('CONFLICT');
    expect(codeOf(failing('42601'))).toBe('INTERNAL');
  });
});
