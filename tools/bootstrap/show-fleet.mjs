// The body of `npm start`, once dependencies are there. See start.mjs.

import { isOfAgents, startAgents, startSimulatedHosts } from './agents.mjs';
import { build } from './build.mjs';
import { startControlPlane } from './control-plane.mjs';
import { registerReleases } from './releases.mjs';
import { restClient } from './rest-client.mjs';
import { cleanUpFinishedRuns, createRunDirectory } from './run-directory.mjs';
import { provideServices } from './services.mjs';
import { SetupError, reportError } from './setup-error.mjs';
import { EXIT_OF_SIGNAL, stoppable, stopSignal } from './stop-signal.mjs';
import { describeSummary, summarise } from './summary.mjs';
import { Supervisor } from './supervisor.mjs';
import { watchRollout } from './watch-rollout.mjs';

const ONLINE_TIMEOUT_MS = 120_000;

/** Runs everything and resolves to the exit code. A second signal does not wait for what the first one stops. */
export const showFleet = (options, note) => stoppable(() => runAndServe(options, note));

async function runAndServe(options, note) {
  await cleanUpFinishedRuns();
  const supervisor = new Supervisor(createRunDirectory('start'));
  let serving = false;
  const stopped = new Promise((resolve) => {
    const stop = () => resolve({ signal: stopSignal.reason.signal });
    if (stopSignal.aborted) stop();
    stopSignal.addEventListener('abort', stop);
    supervisor.onUnexpectedExit = (exit) => {
      // Hosts may fail while people look on; that is what they are here to see.
      if (serving && isOfAgents(exit.name))
        note(`${endOf(exit)} The fleet serves without it; Ctrl-C stops everything.`);
      else resolve({ exit });
    };
  });
  const abandoned = new AbortController();
  const work = runFleet(supervisor, options, note, abandoned.signal).catch((thrown) => ({
    failed: { thrown },
  }));
  const first = await Promise.race([work, stopped]);
  if (options.once || first.failed || first.signal || first.exit) return finish(first);
  serving = true;
  note(
    `\nServing: ${first.baseUrl} (dashboard), ${first.baseUrl}/api/docs (REST). Logs: ${supervisor.run.logs}. Ctrl-C stops everything.`,
  );
  const last = await stopped;
  return finish(last.signal ? { ...last, code: first.code } : last);

  async function finish({ code, failed, signal, exit }) {
    abandoned.abort();
    note(signal ? '\nStopping' : 'Stopping');
    await supervisor.stopAll();
    if (failed) return reportError(failed.thrown);
    if (exit)
      return reportError(
        new SetupError(endOf(exit), { advice: `Its log: ${supervisor.run.logs}/${exit.name}.log` }),
      );
    // Asked to stop while it only kept serving: that is how it is meant to end.
    return code ?? EXIT_OF_SIGNAL[signal];
  }
}

const endOf = ({ name, signal, code }) =>
  `${name} ended by itself (${signal ?? `exit code ${code}`}).`;

async function runFleet(supervisor, { hosts, simulated, once, json }, note, signal) {
  const step = async (what, work) => {
    const startedMs = Date.now();
    const result = await work();
    note(`${what} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    return result;
  };
  const [services] = await Promise.all([
    step('Postgres and Redis', () => provideServices(supervisor, { note })),
    step('Bundles', build),
  ]);
  // In a database of the user's, hosts and rollouts of other runs are to be told apart from ours.
  const runLabel = supervisor.run.runId.slice(-6);
  const shared = !services.postgresIsOurs;
  const redisPrefix =
    process.env.REDIS_PREFIX ??
    (services.postgresIsOurs && !services.redisIsOurs ? `luofleet-${runLabel}` : 'luofleet');
  const { baseUrl, grpcAddress } = await step('Control plane', () =>
    startControlPlane(supervisor, { ...services, redisPrefix }, note),
  );
  const rest = restClient(baseUrl);
  const expected = await step(`${hosts} agents, ${simulated} simulated hosts`, async () => {
    const suffix = shared ? `-${runLabel}` : '';
    await startAgents(supervisor, { count: hosts, grpcAddress, suffix, runLabel });
    await startSimulatedHosts(supervisor, {
      count: simulated,
      grpcAddress,
      prefix: `sim${suffix}`,
      runLabel,
    });
    await untilOnline(rest, hosts + simulated, runLabel, signal);
    return hosts + simulated;
  });
  const [, next] = await registerReleases(rest);
  const rollout = await rest.post('/rollouts', manifest(next, runLabel, shared, expected));
  note(`\nRollout ${rollout.name}: release ${next.name} to ${expected} hosts\n`);
  const out = json ? process.stderr : process.stdout;
  const ended = await watchRollout(rest, rollout.id, {
    write: (text) => out.write(text),
    inPlace: Boolean(out.isTTY),
    untilPaused: once,
    signal,
  });
  const summary = await summarise(services.databaseUrl, ended);
  note(`\n${describeSummary(summary)}`);
  if (json) console.log(JSON.stringify(summary));
  return { baseUrl, code: ended.state === 'succeeded' ? 0 : 1 };
}

function manifest(release, runLabel, shared, hosts) {
  return {
    apiVersion: 'luofleet.dev/v1',
    kind: 'Rollout',
    metadata: { name: `to-${release.version.replaceAll('.', '-')}${shared ? `-${runLabel}` : ''}` },
    spec: {
      release: release.name,
      selector: `run=${runLabel}`,
      strategy: {
        waves: [1, '50%'],
        maxConcurrent: Math.max(4, Math.ceil(hosts / 4)),
        maxFailures: 0,
      },
    },
  };
}

async function untilOnline(rest, count, runLabel, signal) {
  const deadlineMs = Date.now() + ONLINE_TIMEOUT_MS;
  for (;;) {
    const ready = await countReady(rest, `run=${runLabel}`);
    if (ready >= count || signal.aborted) return;
    if (Date.now() > deadlineMs) {
      throw new SetupError(
        `Only ${ready} of ${count} hosts came online and had their workloads serve in ${ONLINE_TIMEOUT_MS / 1000} s.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function countReady(rest, selector) {
  let ready = 0;
  let cursor = '';
  do {
    const page = await rest.get(
      `/hosts?limit=200&selector=${encodeURIComponent(selector)}${cursor}`,
    );
    ready += page.items.filter(
      ({ state, workloads }) =>
        state === 'online' && workloads.every((one) => one.state === 'serving'),
    ).length;
    cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
  } while (cursor);
  return ready;
}
