// Where the repository is, and what in it is ours to write.

import path from 'node:path';

/** The repository's root. */
export const workspace = path.resolve(import.meta.dirname, '../..');

/** Running state of `npm start`, `npm test` and `npm run services`: one folder a run. */
export const runsDirectory = path.join(workspace, '.luofleet', 'runs');

/** Things fetched once and kept: safe to delete at any time. */
export const cacheDirectory = path.join(workspace, '.cache');
