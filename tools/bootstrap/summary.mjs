// What `npm start` says at the end, with sessions and files counted in Postgres itself.

import { withDatabase } from './database.mjs';

const COUNT = `
  SELECT (SELECT count(*)::int FROM sessions s JOIN host_updates u ON u.id = s.host_update_id WHERE u.rollout_id = $1) AS sessions,
         (SELECT count(*)::int FROM preserved_files f JOIN sessions s ON s.id = f.session_id
            JOIN host_updates u ON u.id = s.host_update_id WHERE u.rollout_id = $1) AS files`;

// Host updates that are over without success and were not undone.
const FAILED_STATES = ['failed', 'lost', 'lost-state'];

/** The JSON summary of a rollout. */
export async function summarise(databaseUrl, rollout) {
  const { total, byState } = rollout.hosts;
  const count = (...states) => states.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
  const { p50, p99, max } = rollout.blackoutMs;
  const startedMs = Date.parse(rollout.startedAt ?? rollout.createdAt);
  return {
    rollout: {
      id: rollout.id,
      state: rollout.state,
      hosts: {
        total,
        succeeded: count('succeeded'),
        failed: count(...FAILED_STATES),
        rolledBack: count('rolled-back'),
      },
      durationMs: (rollout.finishedAt ? Date.parse(rollout.finishedAt) : Date.now()) - startedMs,
      blackoutMs: { p50, p99, max },
    },
    ...(await countPreserved(databaseUrl, rollout.id)),
  };
}

async function countPreserved(databaseUrl, rolloutId) {
  const { rows } = await withDatabase(databaseUrl, {}, (client) =>
    client.query(COUNT, [rolloutId]),
  );
  return { sessions: rows[0].sessions, files: rows[0].files };
}

/** The same for people. */
export function describeSummary({ rollout, sessions, files }) {
  const { total, succeeded, failed, rolledBack } = rollout.hosts;
  const { p50, p99, max } = rollout.blackoutMs;
  const ms = (value) => (value === null ? '-' : `${Math.round(value)} ms`);
  return [
    `${succeeded} of ${total} hosts succeeded, ${rolledBack} rolled back, ${failed} failed, in ${(rollout.durationMs / 1000).toFixed(1)} s (rollout ${rollout.state})`,
    `${files} files in ${sessions} sessions preserved; blackout p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`,
  ].join('\n');
}
