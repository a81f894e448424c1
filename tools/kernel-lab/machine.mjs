// One machine: a QEMU process under software emulation with a kernel of ours, the shared root, and user-mode networking
// (the host is 10.0.2.2; nothing outside is needed or reached).
//
// Happy path: bootMachine, waitForConsole, the guest switches itself off, `untilOff` resolves.
// Unhappy paths: a guest that panics resets at once (panic=-1) and QEMU ends instead (-no-reboot): `untilOff` resolves,
// with the console's tail to look at. One that stands still fails the wait for it (machine-deadline.mjs). stop() ends
// exactly this process, and when the process that started it dies, so does it.
// Ordering: the console is written to a log before anybody waiting for a line of it is told.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { beforeDeadline } from './machine-deadline.mjs';

const MEMORY_MIB = 1024;
const CPUS = 2;
const TAIL_BYTES = 6000;

/** What every lab kernel is started with, apart from the switches that a test varies. */
const MACHINE_COMMAND_LINE = [
  'console=ttyS0',
  'root=root',
  'rootfstype=9p',
  'rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144',
  'ro',
  'init=/init',
  'panic=-1',
  'loglevel=5',
  'ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off',
  // The kernel counts timer interrupts for 40 ms of the host's time, and takes the timer for miswired when a busy host
  // gave the guest too little of them. It then tries ever older wirings. None works: it panics. The last one (ExtINT)
  // works: a timer interrupt of an earlier try can stay in service for ever, and the virtio ones below it never arrive.
  'no_timer_check',
].join(' ');

/** Turns live update on; a next kernel without it boots, but has lost everything. */
export const LIVE_UPDATE_SWITCHES = 'kho=on liveupdate=on';

/** The whole command line of a lab kernel. */
export const kernelCommandLine = (switches = LIVE_UPDATE_SWITCHES) =>
  `${MACHINE_COMMAND_LINE} ${switches}`.trim();

/**
 * Starts a machine.
 * - `name`: for the log and messages
 * - `directory`: its own; gets `console.log` and `out/`, which the guest sees as /out
 * - `kernelPath`, `rootDirectory`: from ensureKernels and ensureRootFileSystem
 * - `appDirectory`: what the guest sees as /app, with a script `start`
 * - `commandLine`: default as above
 * - `forward`: `{hostPort: guestPort}` on loopback
 * - `onConsole`: called with every piece of console text, at once
 * - `cpus`: one costs a third less time of this machine than two, and QEMU's emulation of several crashes now and then
 */
export function bootMachine({
  name,
  directory,
  kernelPath,
  rootDirectory,
  appDirectory,
  commandLine = kernelCommandLine(),
  memoryMib = MEMORY_MIB,
  forward = {},
  onConsole,
  cpus = CPUS,
}) {
  const out = path.join(directory, 'out');
  mkdirSync(out, { recursive: true });
  const forwards = Object.entries(forward).map(
    ([host, guest]) => `,hostfwd=tcp:127.0.0.1:${host}-10.0.2.15:${guest}`,
  );
  const args = [
    ...['-name', name, '-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max'],
    ...['-m', String(memoryMib), '-smp', String(cpus), '-nodefaults', '-no-reboot'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none'],
    ...['-kernel', kernelPath, '-append', commandLine],
    ...share('root', rootDirectory, true),
    ...share('app', appDirectory, true),
    ...share('out', out, false),
    ...['-netdev', `user,id=net${forwards.join('')}`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return new Machine(name, child, path.join(directory, 'console.log'), out, onConsole);
}

function share(tag, directory, readOnly) {
  const options = `local,id=${tag},path=${directory},security_model=none,multidevs=remap`;
  return [
    ...['-fsdev', readOnly ? `${options},readonly=on` : options],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}

/** A running machine: `child` is its process, with the console on stdout. */
export class Machine {
  #child;
  #console = '';
  #orders = 0;
  #waiting = new Set();
  #onConsole;

  constructor(name, child, logPath, outDirectory, onConsole = () => {}) {
    this.name = name;
    this.logPath = logPath;
    this.outDirectory = outDirectory;
    this.#child = child;
    this.#onConsole = onConsole;
    child.stdin.on('error', () => {}); // the machine went off
    const log = createWriteStream(logPath);
    child.stdout.setEncoding('utf8').on('data', (text) => this.#read(text, log));
    child.stderr.setEncoding('utf8').on('data', (text) => this.#read(text, log));
    /** Resolves to `{code, signal}` when the machine is off and its log is complete. A test waits with untilOff. */
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        log.end(() => resolve({ code, signal }));
      });
    });
    this.ended.catch(() => {}); // whoever awaits it sees the failure
  }

  /** The process that is the machine. */
  get pid() {
    return this.#child.pid;
  }

  /** All that the console has said. */
  get console() {
    return this.#console;
  }

  /** The end of the console, for messages. */
  get tail() {
    return this.#console.slice(-TAIL_BYTES);
  }

  /** Resolves to `{code, signal}` when the machine has switched itself off; rejects when it stands still instead. */
  untilOff(limits) {
    return beforeDeadline(this, 'the end', this.ended, limits);
  }

  /**
   * Resolves to the match of `pattern` on the console, counting from `from` (a length of `console` taken earlier).
   * Rejects when the machine goes off first, or stands still.
   */
  async waitForConsole(pattern, from = 0, limits = {}) {
    const find = () => pattern.exec(this.#console.slice(from));
    const found = find();
    if (found !== null) return found;
    const off = this.ended.then(() => {
      throw new Error(`${this.name} went off without saying ${pattern}:\n${this.tail}`);
    });
    let look;
    const said = new Promise((resolve) => {
      look = () => {
        const match = find();
        if (match !== null) resolve(match);
      };
    });
    this.#waiting.add(look);
    try {
      const what = `${pattern} on the console`;
      return await beforeDeadline(this, what, Promise.race([said, off]), limits);
    } finally {
      this.#waiting.delete(look);
    }
  }

  /**
   * Has the guest run a line of shell, and rejects unless it ends well. Its start script must read orders from the console:
   * `while read -r order; do sh -c "$order"; done </dev/ttyS0 &`.
   */
  async order(command, limits = {}) {
    this.#orders += 1;
    const id = this.#orders;
    const from = this.#console.length;
    this.#child.stdin.write(`{ ${command}; }; echo "ORDER ${id} ended $?"\n`);
    const ended = new RegExp(`ORDER ${id} ended (\\d+)`);
    const [, status] = await this.waitForConsole(ended, from, limits);
    if (status === '0') return;
    throw new SetupError(`"${command}" on ${this.name} ended with ${status}:\n${this.tail}`);
  }

  /** Pulls the plug, and resolves when the machine is gone. */
  async stop() {
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => {});
  }

  #read(text, log) {
    this.#onConsole(text);
    log.write(text);
    this.#console += text;
    for (const look of [...this.#waiting]) look();
  }
}
