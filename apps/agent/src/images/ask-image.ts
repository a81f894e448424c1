// Starts a runtime image for a moment and asks it what it is.
//
// Happy path: `agent.cjs version` answers with one JSON object.
// Unhappy paths: a file that is no runtime image says so in a sentence with the first words of its output. Whatever it is, it gets
// so much time and so much output and not more, and ends together with everything that it started, as a workload's process does
// (instance-family.ts): by its cgroup where there is one, else by session and environment.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { closeOnExecFrom } from '@luofleet/linux';
import { abortReason, PhaseAborted } from '../commands/phase-clock';
import { describeError } from '../model/reason';
import { makeCgroup } from '../workloads/instance-cgroup';
import { endFamily, type Family } from '../workloads/instance-family';
import { identifyProcess } from '../workloads/process-table';

export interface ImageAnswer {
  version: string;
  handoverFormats: string[];
  /** Takes the alarm of the runtime before it back (take-over-watch.ts). */
  endsWatch: boolean;
}

const OUTPUT_BYTES_MAX = 65_536;
const WORDS_MAX = 300;
/** Who holds the output open after the process has ended is not waited for. */
const OUTPUT_GRACE_MS = 1_000;

/** Throws an Error whose message says why it is no runtime image, or PhaseAborted. */
export async function askImage(
  file: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ImageAnswer> {
  const run = await runBounded(file, timeoutMs, signal);
  if (signal.aborted) throw new PhaseAborted(abortReason(signal));
  if (run.how !== 'exit code 0') throw new Error(`it ended with ${run.how}${said(run.output)}`);
  const answer = answerIn(run.stdout);
  if (answer === null) throw new Error(`it does not answer \`version\`${said(run.output)}`);
  return answer;
}

interface Run {
  how: string;
  stdout: string;
  /** Standard output and error as they came. */
  output: string;
}

function runBounded(file: string, timeoutMs: number, signal: AbortSignal): Promise<Run> {
  return new Promise((resolve) => {
    closeOnExecFrom(3);
    const id = randomUUID();
    // A session of its own, so that it can be ended with its children.
    const child = spawn(process.execPath, [file, 'version'], {
      detached: true,
      env: { ...process.env, LUOFLEET_INSTANCE: id },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const family = familyOf(id, child.pid ?? 0);
    const streams = [child.stdout, child.stderr];
    const texts = { stdout: '', output: '' };
    let how = '';
    const kill = (why: string) => {
      how ||= why;
      killGroup(child.pid);
    };
    const onAbort = () => kill('the end of its phase');
    const timer = setTimeout(() => kill(`no answer in ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    for (const stream of streams) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (stream === child.stdout) texts.stdout += text;
        texts.output += text;
        if (texts.output.length > OUTPUT_BYTES_MAX) {
          for (const one of streams) one.destroy();
          kill(`more than ${OUTPUT_BYTES_MAX} bytes of output`);
        }
      });
    }
    let grace: NodeJS.Timeout | undefined;
    const end = (ended: string) => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      const told = () => resolve({ how: how || ended, ...texts });
      endFamily(family, 0).then(told, told);
    };
    child.once('error', (error) => end(describeError(error)));
    child.once('exit', () => {
      killGroup(child.pid);
      grace = setTimeout(() => streams.forEach((one) => one.destroy()), OUTPUT_GRACE_MS);
    });
    child.once('close', (code, by) => end(by === null ? `exit code ${code}` : by));
  });
}

/** Joins its cgroup before anything of the image runs: a Node that starts has nothing started yet. */
function familyOf(id: string, pid: number): Family {
  const identity = identifyProcess(pid);
  if (identity === null) return { id, process: { pid: 0, startTicks: '' } };
  const procs = makeCgroup(id);
  try {
    if (procs !== null) writeFileSync(procs, String(pid));
  } catch {
    // The kernel does not let this agent move it.
  }
  return { id, process: identity };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

function answerIn(text: string): ImageAnswer | null {
  try {
    const {
      version,
      handoverFormats = [],
      endsWatch,
    } = JSON.parse(text) as Record<string, unknown>;
    const isText = (value: unknown) => typeof value === 'string';
    if (typeof version !== 'string' || !Array.isArray(handoverFormats)) return null;
    return {
      version,
      handoverFormats: handoverFormats.filter(isText) as string[],
      endsWatch: endsWatch === true,
    };
  } catch {
    return null;
  }
}

/** What a person can use of an output: the error if there is one, else the first line; never a stack. */
function said(output: string): string {
  const lines = output.split(/[\r\n\u2028\u2029]+/).map((line) => line.trim());
  const line =
    lines.find((one) => /^[A-Za-z.]*Error\b/.test(one)) ?? lines.find((one) => one !== '');
  const words = (line ?? '').replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, WORDS_MAX);
  return words.trim() === '' ? ' and said nothing' : ` and said: ${words}`;
}
