// The deadline of every wait for a machine: a guest that stands still fails a test, it does not hang one.
//
// Happy path: what is waited for comes, and the watch ends with it.
// Unhappy paths: a machine that neither spoke on its console nor wrote to /out for `quietMs` stands still, and one that
// is busy for ever has `totalMs`. Both reject with what was waited for and the console's tail. The machine runs on, to
// be looked at; whoever opened the lab closes it.
// Ordering: progress counts from the start of the wait, so that a machine left alone for long is not late at once.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';

/** Generous: software emulation on a busy machine needs half a minute for a boot that takes three seconds alone. */
const LIMITS = { quietMs: 5 * 60_000, totalMs: 45 * 60_000 };
const LOOK_MS = 2000;

/**
 * Settles as `awaited` does, or rejects when the deadline of `machine` passes first. `what` completes "waited for".
 * The limits may be set one by one.
 */
export async function beforeDeadline(machine, what, awaited, limits = {}) {
  const { quietMs, totalMs } = { ...LIMITS, ...limits };
  const startedAt = Date.now();
  let progressAt = startedAt;
  let seen = progressOf(machine);
  let timer;
  const deadline = new Promise((_resolve, reject) => {
    timer = setInterval(() => {
      const now = progressOf(machine);
      if (now !== seen) progressAt = Date.now();
      seen = now;
      if (Date.now() - progressAt >= quietMs) {
        reject(late(machine, what, `it stood still for ${quietMs / 1000} s`));
      } else if (Date.now() - startedAt >= totalMs) {
        reject(late(machine, what, `it did not get there within ${totalMs / 1000} s`));
      }
    }, LOOK_MS);
  });
  try {
    return await Promise.race([awaited, deadline]);
  } finally {
    clearInterval(timer);
  }
}

function late({ name, logPath, tail }, what, how) {
  return new SetupError(
    `Waited for ${what} of machine ${name}: ${how}. Its console ends:\n${tail}`,
    {
      advice: `The whole console is in ${logPath}; --keep leaves it there.`,
    },
  );
}

/** Changes whenever the guest says or writes something. */
function progressOf({ console: text, outDirectory }) {
  const files = readdirSync(outDirectory, { recursive: true }).map((name) => {
    const entry = statSync(path.join(outDirectory, name), { throwIfNoEntry: false });
    return `${name} ${entry?.size} ${entry?.mtimeMs}`;
  });
  return `${text.length}\n${files.join('\n')}`;
}
