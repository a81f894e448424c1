#!/usr/bin/env node
// `npm test`: everything but virtual machines, on a machine that has Node and npm and nothing else.
//
// Happy path: dependencies, generated code, format, lint, types, unit tests, tests of the tools; then Postgres and
// Redis of its own on free ports, integration tests, the build, end to end tests. Each step tells how long it took.
// Unhappy paths: a step that fails does not keep later ones from running (unless they need it), so one run shows all
// that is wrong; the exit code is 1 then. Ctrl-C stops the step and everything that was started.
//
// `npm test -- --only unit,int` runs a part. The last line is `N passed, N failed` over all tests; a step without
// tests of its own counts as one when it fails.

import { ensureDependencies } from '../bootstrap/ensure-dependencies.mjs';
import { cleanUpFinishedRuns, createRunDirectory } from '../bootstrap/run-directory.mjs';
import { reportError } from '../bootstrap/setup-error.mjs';
import { Supervisor } from '../bootstrap/supervisor.mjs';
import { chooseSteps, parseOnly } from './steps.mjs';
import { stopCurrentCommand } from './command.mjs';

const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

async function main() {
  const only = parseOnly(process.argv.slice(2));
  await ensureDependencies();
  await cleanUpFinishedRuns();
  const supervisor = new Supervisor(createRunDirectory('test'), {
    onUnexpectedExit: ({ name }) => console.error(`${name} ended while tests were running`),
  });
  stopOnSignals(supervisor);
  const context = { supervisor, runId: supervisor.run.runId, env: {}, failedSteps: new Set() };
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const lines = [];
  try {
    for (const step of chooseSteps(only)) lines.push(await runStep(step, context, totals));
  } finally {
    await supervisor.stopAll();
  }
  console.log(`\n${lines.join('\n')}\n`);
  console.log(
    `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`,
  );
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

async function runStep(step, context, totals) {
  const missing = (step.needs ?? []).find((name) => context.failedSteps.has(name));
  console.log(`\n── ${step.name}: ${step.does}`);
  const startedMs = Date.now();
  let counts;
  try {
    if (missing) throw new Error(`not run, since ${missing} failed`);
    counts = (await step.run(context)) ?? {};
  } catch (error) {
    reportError(error);
    counts = { failed: 1 };
  }
  const failed = counts.failed ?? 0;
  if (failed > 0) context.failedSteps.add(step.name);
  totals.passed += counts.passed ?? 0;
  totals.failed += failed;
  totals.skipped += counts.skipped ?? 0;
  const tests = counts.passed === undefined ? '' : `, ${counts.passed} passed, ${failed} failed`;
  const line = `${failed > 0 ? 'FAILED' : 'ok    '} ${step.name} (${seconds(startedMs)}${tests})`;
  console.log(line);
  return line;
}

function stopOnSignals(supervisor) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.once(signal, () => {
      stopCurrentCommand(signal);
      void supervisor.stopAll().finally(() => process.exit(code));
    });
  }
}

main().then(
  (code) => process.exit(code),
  (error) => process.exit(reportError(error)),
);
