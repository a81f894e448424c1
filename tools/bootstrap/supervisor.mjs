// Starts the processes of a run, tells when each one serves, and stops them: all together, those that others use at last.
//
// Happy path: start() spawns a process in its own group with its output in logs/NAME.log, records it in the run's
// folder, and resolves when the process shows its ready line; stopAll() sends each its stop signal and waits.
// Unhappy paths: a process that ends or stays silent before it is ready rejects start() with the end of its log; one
// that ignores its stop signal is killed with its group; one that ends by itself later is told to `onUnexpectedExit`,
// also when it leaves a child that holds its output.
// When this process itself is killed, the warden (warden.mjs) stops everything.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { RUN_MARK } from './processes.mjs';
import { recordProcess, stopProcessesOfRun } from './run-directory.mjs';
import { SetupError } from './setup-error.mjs';
import { fieldOf } from './thrown.mjs';

const STOP_TIMEOUT_MS = 15_000;
/** Until the output of a process that has ended is given up: a child of it may hold it for ever. */
const OUTPUT_GRACE_MS = 2000;
const READY_TIMEOUT_MS = 60_000;
const TAIL_LINES = 12;

export class Supervisor {
  #run;
  #children = [];
  #order = 0;
  #stopping = false;
  #warden;

  constructor(run, { onUnexpectedExit = () => {} } = {}) {
    this.#run = run;
    this.onUnexpectedExit = onUnexpectedExit;
    this.#warden = spawn(
      process.execPath,
      [path.join(import.meta.dirname, 'warden.mjs'), run.runId],
      {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    );
    this.#warden.stdin.on('error', () => {});
    this.#warden.unref();
    this.#warden.stdin.unref?.();
  }

  /** The run this supervisor works for: its id and folders. */
  get run() {
    return this.#run;
  }

  /**
   * Starts a process.
   * @param {{ name: string, command: string, args?: string[], env?: Record<string, string|undefined>, cwd?: string,
   *   uid?: number, gid?: number, stopSignal?: NodeJS.Signals, readyTimeoutMs?: number, usedByOthers?: boolean,
   *   ready?: (line: string) => unknown }} options `ready` gets each line of output; what it returns that is neither
   *   undefined nor false says that the process serves, and is the answer's `ready`. Without it a spawned process counts.
   */
  async start({
    name,
    command,
    args = [],
    env,
    cwd,
    uid,
    gid,
    stopSignal = 'SIGTERM',
    ready,
    readyTimeoutMs = READY_TIMEOUT_MS,
    usedByOthers = false,
  }) {
    if (this.#stopping)
      throw new SetupError(`${name} was not started: everything is being stopped.`);
    const child = spawn(command, args, {
      cwd,
      uid,
      gid,
      detached: true,
      env: { ...(env ?? process.env), [RUN_MARK]: this.#run.runId },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const entry = {
      name,
      child,
      stopSignal,
      usedByOthers,
      tail: [],
      forget: () => {},
      stopped: undefined,
      started: false,
    };
    entry.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('exit', () => {
        const timer = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, OUTPUT_GRACE_MS);
        child.once('close', () => clearTimeout(timer));
      });
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.#children.push(entry);
    if (child.pid !== undefined)
      entry.forget = recordProcess(this.#run.directory, this.#order++, {
        name,
        pid: child.pid,
        stopSignal,
        usedByOthers,
      });
    void entry.exited.then((how) => {
      entry.forget();
      this.#children = this.#children.filter((other) => other !== entry);
      if (entry.started && !entry.stopped && !this.#stopping)
        this.onUnexpectedExit({ name, ...how });
    });
    const answer = await this.#untilReady(entry, ready, readyTimeoutMs);
    entry.started = true;
    return {
      name,
      pid: child.pid,
      ready: answer,
      exited: entry.exited,
      stop: () => this.#stop(entry),
    };
  }

  #untilReady(entry, ready, timeoutMs) {
    const { name, child } = entry;
    const log = createWriteStream(path.join(this.#run.logs, `${name}.log`), { flags: 'a' });
    return new Promise((resolve, reject) => {
      const fail = (what, cause) =>
        reject(
          new SetupError(
            [`${name} ${what}`, ...entry.tail.map((line) => `  | ${line}`)].join('\n'),
            { cause, advice: `Its whole output: ${log.path}` },
          ),
        );
      const timer = setTimeout(() => fail(`was not ready after ${timeoutMs / 1000} s.`), timeoutMs);
      const onLine = (line) => {
        log.write(`${line}\n`);
        entry.tail = [...entry.tail, line].slice(-TAIL_LINES);
        const answer = ready?.(line);
        if (answer !== undefined && answer !== false) settle(answer);
      };
      const settle = (answer) => {
        clearTimeout(timer);
        ready = undefined;
        resolve(answer);
      };
      for (const stream of [child.stdout, child.stderr]) {
        if (stream) createInterface({ input: stream }).on('line', onLine);
      }
      void entry.exited.then(({ error, code, signal }) => {
        clearTimeout(timer);
        log.end();
        fail(
          error
            ? 'could not be started.'
            : `ended before it was ready (${signal ?? `exit code ${code}`}).`,
          error,
        );
      });
      if (!ready) child.once('spawn', () => settle(undefined));
    });
  }

  #stop(entry) {
    entry.stopped ??= (async () => {
      entry.child.kill(entry.stopSignal);
      const timer = setTimeout(() => killGroup(entry.child.pid), STOP_TIMEOUT_MS);
      await entry.exited;
      clearTimeout(timer);
    })();
    return entry.stopped;
  }

  /** Stops every process of the run. */
  async stopAll() {
    this.#stopping = true;
    for (const usedByOthers of [false, true]) {
      const now = this.#children.filter((entry) => entry.usedByOthers === usedByOthers);
      await Promise.all(now.map((entry) => this.#stop(entry)));
    }
    await stopProcessesOfRun(this.#run.runId, { except: [this.#warden.pid] });
    // Nothing is left for the warden to do; it ends with its pipe, and is the last of the run to go.
    const { exitCode, signalCode } = this.#warden;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#warden.once('exit', resolve));
    this.#warden.ref();
    this.#warden.stdin.end();
    await ended;
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (fieldOf(error, 'code') !== 'ESRCH') throw error;
  }
}
