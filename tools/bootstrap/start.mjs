#!/usr/bin/env node
// `npm start`: a whole Luofleet on this machine, and one rollout over it.
//
// Happy path: dependencies and bundles if missing or stale, Postgres, Redis, migrations, control plane with dashboard,
// agents with workloads, two releases, one rollout with live progress; then it keeps serving, or ends with --once.
// Unhappy paths: any step that fails says what, where and what to do, and everything that was started is stopped
// again, also on Ctrl-C, and by the warden when this process is killed.

import { ensureDependencies } from './ensure-dependencies.mjs';
import { reportError } from './setup-error.mjs';
import { parseStartOptions, USAGE } from './start-options.mjs';

async function main() {
  const options = parseStartOptions(process.argv.slice(2));
  if (options.help) return void console.log(USAGE);
  const note = (text) => (options.json ? console.error : console.log)(text);
  await ensureDependencies({ note });
  const { showFleet } = await import('./show-fleet.mjs'); // imports packages
  process.exit(await showFleet(options, note));
}

main().catch((error) => process.exit(reportError(error)));
