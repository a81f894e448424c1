import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readEvent } from './fleet/event-kinds';
import { eventsPage } from './testing/events.page';

const PAGE = path.resolve(__dirname, '../../../docs/events.md');

// UPDATE_DOCS=1 writes the page anew; otherwise it has to say what the table does.
it('docs/events.md says what kinds there are', () => {
  const page = eventsPage();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});

it('reads what an older control plane recorded, and nothing that it does not know', () => {
  const data = { name: 'r', state: 'paused' };
  expect(readEvent({ kind: 'rollout-paused', data })).toEqual({
    kind: 'rollout-paused',
    data: { ...data, actor: 'unknown' },
  });
  for (const kind of ['rollout-dancing', 'toString', ''])
    expect(readEvent({ kind, data })).toBeNull();
  expect(readEvent({ kind: 'rollout-paused', data: { name: 1 } })).toBeNull();
});
