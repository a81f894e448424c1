// Runs Jest and Node's own test runner, and counts.

import { readFileSync, rmSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { workspace } from '../bootstrap/workspace.mjs';
import { runCommand } from './command.mjs';

/** Runs the Jest suite of a configuration file. */
export async function runJest(context, config, args = []) {
  const report = path.join(context.supervisor.run.directory, `${config}.json`);
  const code = await runCommand(
    context,
    'jest',
    ['-c', config, '--json', `--outputFile=${report}`, ...args],
    {
      onOutput: () => {}, // the report, once more
    },
  );
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = readReport(
    report,
    config,
  );
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  // Jest can fail with every test passed: no test found, say, or a file that left something open.
  return {
    passed: numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: numPendingTests,
  };
}

function readReport(report, config) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch (cause) {
    throw new Error(`Jest left no report for ${config}.`, { cause });
  } finally {
    rmSync(report, { force: true });
  }
}

/** Runs the tests of the tools, which are plain Node modules: tools/**\/*.test.mjs. */
export async function runToolTests(context) {
  const files = readdirSync(path.join(workspace, 'tools'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.mjs'))
    .map((file) => path.join('tools', file));
  let output = '';
  const code = await runCommand(
    context,
    process.execPath,
    ['--test', '--test-reporter=tap', ...files],
    {
      onOutput: (text) => (output += text),
    },
  );
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  if (code !== 0) process.stdout.write(output);
  return {
    passed: count('pass'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: count('skipped'),
  };
}
