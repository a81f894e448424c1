import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { statesPage } from './testing/states.page';

const PAGE = path.resolve(__dirname, '../../../docs/states.md');

// UPDATE_DOCS=1 writes the page anew; otherwise it has to say what the tables do.
it('docs/states.md says what the three machines do', () => {
  const page = statesPage();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});
