import type { Database } from '@luofleet/persistence';
import type { JobQueue } from '@luofleet/queue';
import type { Runtime } from '../settings/runtime';
import type { FollowUps } from '../progress/follow-ups';
import { Sweeper } from './sweeper';

it('does its other steps when one fails, and does not say that it went well', async () => {
  const away = () => Promise.reject(new Error('away'));
  const sendQueued = jest.fn(away);
  const add = jest.fn(() => Promise.resolve());
  const warn = jest.fn();
  const sweeper = new Sweeper(
    { transaction: away, read: () => Promise.resolve([]) } as unknown as Database,
    { add } as unknown as JobQueue,
    { sendQueued } as unknown as FollowUps,
    { settings: { offlineAfterMs: 1 }, logger: { warn } } as unknown as Runtime,
  );
  await sweeper.sweep();
  expect(sendQueued).toHaveBeenCalledTimes(1);
  expect(add).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledTimes(2);
});
