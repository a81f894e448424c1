#!/usr/bin/env node
// Outlives the process that started a run by just long enough to stop what it left behind.
//
// It holds the reading end of a pipe whose writing end only the owner has. When the owner ends, however it ends
// (SIGKILL too), the pipe closes, and the warden stops every process of the run that is still there.
// It runs in a process group of its own, so that Ctrl-C in the terminal does not reach it.

import { stopProcessesOfRun } from './run-directory.mjs';

const runId = process.argv[2];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.once('close', () => {
  stopProcessesOfRun(runId).then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
