// The kernel lab's command line: `COMMAND [OPTIONS]`; each command has options of its own.
import { readOptions, wholeNumber } from '../bootstrap/read-options.mjs';
import { UsageError } from '../bootstrap/setup-error.mjs';

const USAGE = `usage: node tools/kernel-lab/run.mjs COMMAND
  build [--refresh]                          kernels from the cache, or built; prints where they are as JSON
  boot [--app DIR] [--count N] [--kernel a]  machines that run DIR/start (default: show the kernel), until they end
  test [NAME...] [--record] [--keep] [--only TEXT]
                                             all tests, or: conformance (the real kernel against its recorded outcomes),
                                             next-kernel (updates into kernels that do not fit), rollout (a fleet of
                                             machines under a control plane; --only TEXT: hosts so titled)`;
const COUNT_MAX = 64;
const KERNELS = ['a', 'b', 'nomemfd'];
const TESTS = ['conformance', 'next-kernel', 'rollout'];

const flag = { type: 'boolean', default: false };
const OPTIONS = {
  build: { refresh: flag },
  boot: {
    app: { type: 'string' },
    count: { type: 'string', default: '1' },
    kernel: { type: 'string', default: 'a' },
  },
  test: { record: flag, keep: flag, only: { type: 'string' } },
};

/**
 * What to do, and how; `names` are the tests asked for.
 * @throws UsageError
 */
export function readLabOptions([command = '', ...args]) {
  const wrong = (message) => new UsageError(message, { advice: USAGE });
  if (!Object.hasOwn(OPTIONS, command))
    throw wrong(command === '' ? 'Which command?' : `There is no command ${command}.`);
  const { values, positionals } = readOptions({
    args,
    usage: USAGE,
    options: OPTIONS[command],
    allowPositionals: command === 'test',
  });
  const unknown = positionals.find((name) => !TESTS.includes(name));
  if (unknown !== undefined) throw wrong(`There is no test ${unknown}.`);
  const again = positionals.find((name, index) => positionals.indexOf(name) !== index);
  if (again !== undefined) throw wrong(`${again} is named twice.`);
  if (command === 'boot' && !KERNELS.includes(values.kernel))
    throw wrong(`There is no kernel ${values.kernel}; take one of ${KERNELS.join(', ')}.`);
  const count =
    command === 'boot'
      ? wholeNumber('--count', values.count, { least: 1, most: COUNT_MAX, usage: USAGE })
      : undefined;
  return { command, names: positionals, options: { ...values, count } };
}
