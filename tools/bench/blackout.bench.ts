// How long a live update keeps a host away: our agent against the least program that does the same.
//
//   npm run bench -- blackout [--json] [--rounds 5] [--agent DIRECTORY] [--console FILE]
//
// `--agent` measures another build than the one in dist; `--console` keeps what the machines said, with its times.
//
// Happy path: one lab machine goes from kernel to kernel, in turn by our agent (the built one, backend `kernel`, `arrive` in
// front of it, with a workload that holds 50 memfds) and by blackout/guest/probe.c (static C; the same sessions, memfds and sizes). Both are
// started by the same init at the same place, from the same file system.
// Unhappy paths: a phase that does not succeed, marks in a wrong order, no progress: the bench fails and shows the console.
// A QEMU that crashes (its emulation of several processors does now and then) costs the round under way: another machine
// goes on, and the result says how many were lost.
//
// The clock. No clock of the machine goes on across a kexec with a finer grain than a second, so intervals are taken on the
// host: both sides write a line to the serial console right before the reboot call and right after the last descriptor is
// there, init writes one first of all, and each line is stamped when QEMU passes it on (well under a millisecond of an
// emulated machine's time, the same for both). The kernel's own CLOCK_MONOTONIC goes along with the last line as a check.
// The processor time of the QEMU process is stamped too: it depends less on what else the host does.
//
// What is not in it: quiescing, and staging the kernel (both before the reboot call). What is: shutdown of the old kernel,
// the new kernel's start, init.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeApp } from './blackout/app-directory';
import { CommandPlane } from './blackout/command-plane';
import { figuresOf, type BlackoutFigures } from './blackout/figures';
import { labTools, type Lab, type LabTools } from './blackout/lab-tools';
import { LineClock, readRounds, RoundError, since, type Round } from './blackout/marks';
import { processorTimeMs } from './blackout/processor-time';

const SIDES = 2;
/** A pair of rounds takes a minute; on a host that does much else, ten times as long. */
const LIMIT_MS = 900_000;
const MACHINES_MAX = 5;

interface Options {
  rounds?: string;
  agent?: string;
  console?: string;
}

export const options = {
  rounds: { type: 'string' },
  agent: { type: 'string' },
  console: { type: 'string' },
} satisfies Record<keyof Options, { type: 'string' }>;

interface Result extends BlackoutFigures {
  bench: 'blackout';
  files: number;
  kernel: string;
  node: string;
  machinesLost: number;
}

const note = (text: string) => process.stderr.write(`${text}\n`);

export default async function run(options: Options): Promise<Result> {
  const wanted = Number(options.rounds ?? 5);
  const tools = await labTools();
  await tools.ensurePackages(['gcc', 'libc6-dev'], note);
  await tools.build();
  const lab = await tools.openLab({ note });
  const agentDirectory = path.resolve(options.agent ?? 'dist/apps/agent');
  const rounds: Round[] = [];
  let machines = 0;
  try {
    while (rounds.length < wanted * SIDES) {
      machines += 1;
      if (machines > MACHINES_MAX) throw new Error(`${MACHINES_MAX} machines crashed`);
      const passage = new Passage(tools, lab, `blackout-${machines}`, agentDirectory);
      try {
        await passage.run(wanted - rounds.length / SIDES);
      } finally {
        passage.close(options.console);
        // Whole pairs only, so that both sides have met the same host.
        const whole = passage.rounds;
        rounds.push(...whole.slice(0, whole.length - (whole.length % SIDES)));
      }
    }
    const kernel = lab.kernels.a.release;
    const machinesLost = machines - 1;
    const figures = figuresOf(rounds);
    return {
      ...{ bench: 'blackout', files: rounds[0]?.files ?? 0, kernel, node: process.version },
      ...{ machinesLost, ...figures },
    };
  } finally {
    await lab.close();
  }
}

/** One machine's way from kernel to kernel. */
class Passage {
  private readonly plane = new CommandPlane();
  private readonly clock = new LineClock();

  constructor(
    private readonly tools: LabTools,
    private readonly lab: Lab,
    private readonly name: string,
    private readonly agentDirectory: string,
  ) {}

  get rounds(): Round[] {
    return readRounds(this.clock.lines);
  }

  /** `wanted` updates of each side; returns early when QEMU crashes. */
  async run(wanted: number): Promise<void> {
    const commandLine = this.tools.kernelCommandLine();
    const port = await this.plane.open();
    const { lab, name, clock, agentDirectory } = this;
    const { compileNative } = this.tools;
    const appDirectory = makeApp({
      ...{ lab, compileNative, agentDirectory, name: `app-${name}`, port, commandLine },
    });
    const machine = lab.boot({
      ...{ name, appDirectory },
      onConsole: (text) =>
        clock.add(text, { wallMs: performance.now(), cpuMs: processorTimeMs(machine.pid) }),
    });
    const off = machine.ended.then(({ signal }) => {
      if (signal === 'SIGSEGV' || signal === 'SIGABRT') return 'crashed';
      throw new Error(`the machine went off:\n${machine.tail}`);
    });
    for (let done = 0; done < wanted; done += 1) {
      const pair = this.pair(done * SIDES + 1, commandLine, machine);
      if ((await Promise.race([pair, off, this.limit()])) === 'crashed') {
        note('QEMU crashed; another machine goes on');
        return;
      }
      for (const { side, init, retrieved } of this.rounds.slice(-SIDES)) {
        const { wallMs, cpuMs } = since(init, retrieved);
        note(
          `${side}: ${retrieved.wallMs.toFixed(0)} ms; after init ${wallMs.toFixed(0)} ms, ` +
            `${cpuMs.toFixed(0)} ms of processor time`,
        );
      }
    }
    await machine.stop();
  }

  close(consoleFile: string | undefined): void {
    this.plane.close();
    if (consoleFile === undefined) return;
    const lines = this.clock.lines.map(({ text, at }) => `${at.wallMs.toFixed(1)} ${text}`);
    writeFileSync(consoleFile, `${lines.join('\n')}\n`, { flag: 'a' });
  }

  /** An update by the agent, then one by the probe. */
  private async pair(round: number, commandLine: string, machine: ReturnType<Lab['boot']>) {
    const { plane, lab } = this;
    const { release: version, sha256: imageSha256 } = lab.kernels.a;
    await plane.untilServing();
    await plane.update(`round-${round}`, BigInt(round), {
      ...{ name: 'kernel-a', version, kind: 'kernel', imageUri: 'file:///app/kernel', imageSha256 },
      ...{ handlers: ['memfd-v2'], initrdUri: '', initrdSha256: '', luoAbi: 'luo-v5' },
      ...{ imageSizeBytes: 0n, initrdSizeBytes: 0n },
      kernelCommandLine: `${commandLine} bench.round=${round}`,
    });
    const seen = machine.console.length;
    writeFileSync(path.join(machine.outDirectory, `next-${round}`), '');
    await machine.waitForConsole(/PROBE finished/, seen);
  }

  private limit(): Promise<never> {
    return new Promise((_, reject) => {
      const late = () => reject(new RoundError('no end of the round in sight', this.clock.lines));
      setTimeout(late, LIMIT_MS).unref();
    });
  }
}
