import { settledWithin, within } from './time-limit';

describe('a time limit', () => {
  const never = new Promise<string>(() => undefined);
  const late = () => new Error('too late');

  it('gives what the work gives', async () => {
    await expect(within(60_000, Promise.resolve('done'), late)).resolves.toBe('done');
    await expect(within(60_000, Promise.reject(new Error('broken')), late)).rejects.toThrow(
      'broken',
    );
  });

  it('fails work that does not end', async () => {
    await expect(within(5, never, late)).rejects.toThrow('too late');
  });

  it('waits for all of a stop, whatever comes of it, and for nothing that does not end', async () => {
    let ended = 0;
    const part = async () => {
      await Promise.resolve();
      ended += 1;
      throw new Error('broken');
    };
    await settledWithin(60_000, [part(), part()]);
    expect(ended).toBe(2);
    await settledWithin(5, [never]);
  });
});
