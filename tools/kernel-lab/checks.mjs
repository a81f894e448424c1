// What the lab's tests found: every check is made, counted and shown by name; none hides another.
//
// Happy path: `run` does one check and says `ok NAME (SECONDS)` on stdout; the last line is `N passed, N failed`.
// Unhappy paths: a check that throws is shown with its error and counted, and the next ones go on; one that does not end
// in time fails with what it was doing as its name, and is left behind; `fail` counts what could not even be tried.
import { reportError, SetupError } from '../bootstrap/setup-error.mjs';

/** Longer than most waits inside a check, so that those, which know more, speak first. */
const LIMIT_MS = 600_000;

export class Checks {
  passed = 0;
  failed = 0;
  #say;

  constructor(say = (text) => process.stdout.write(`${text}\n`)) {
    this.#say = say;
  }

  /** Resolves to what `work` resolves to, or to undefined when it failed. */
  async run(name, work, { limitMs = LIMIT_MS } = {}) {
    const startedAt = performance.now();
    const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    try {
      const found = await withLimit(limitMs, name, work);
      this.passed += 1;
      this.#say(`ok     ${name} (${seconds()})`);
      return found;
    } catch (error) {
      this.fail(`${name} (${seconds()})`, error);
      return undefined;
    }
  }

  /** Counts checks that were made together; `name` is shown once. */
  pass(name, count = 1) {
    this.passed += count;
    this.#say(`ok     ${name}`);
  }

  /** Counts a check that failed. */
  fail(name, error) {
    this.failed += 1;
    this.#say(`FAILED ${name}`);
    reportError(error, (text) => this.#say(text.trimEnd().replace(/^/gm, '       ')));
  }

  /** A run without any check proves nothing. */
  get exitCode() {
    return this.failed > 0 || this.passed === 0 ? 1 : 0;
  }

  get total() {
    return `${this.passed} passed, ${this.failed} failed`;
  }
}

/** Resolves like `work()`; rejects once it has taken longer than `limitMs`. `what` may be a function, asked only then. */
export async function withLimit(limitMs, what, work) {
  let timer;
  const over = new Promise((_resolve, reject) => {
    timer = setTimeout(() => {
      const words = typeof what === 'function' ? what() : what;
      reject(new SetupError(`Not within ${limitMs / 1000} s: ${words}`));
    }, limitMs);
  });
  try {
    return await Promise.race([work(), over]);
  } finally {
    clearTimeout(timer);
  }
}
