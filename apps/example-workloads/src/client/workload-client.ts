// A workload's side of the agent's socket.
//
// Happy path: register, offer the descriptors, listen for instructions, answer each.
// Unhappy paths: when the agent goes away (it crashed, or is being replaced) the workload keeps doing what it did and
// tries again every RETRY_MS until the next agent is there, then says everything again. Without LUOFLEET_SOCKET the
// workload runs by itself.
// Ordering: instructions are carried out one at a time, in the order they come.
import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { describeThrown } from '@luofleet/platform/text';

export interface Offer {
  token: bigint;
  fd: number;
  name: string;
  /** This workload makes it anew where it can not be carried through an update. */
  optional?: true;
}

/** What a workload can be asked. Throwing answers `ok: false` with the error's words; for quiesce that is a veto. */
export interface WorkloadDuties {
  /** Stop serving; change nothing any more. */
  quiesce(): Promise<void>;
  /** Serve again. Also called when already serving. */
  resume(): Promise<void>;
  stop(): Promise<void>;
  /** Well and serving (or quiesced on demand). */
  check(): Promise<void>;
}

/** Short, because an agent that was replaced waits for the old instance to come back. */
const RETRY_MS = 50;

export class WorkloadClient {
  private closed = false;
  private retryTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly offers: readonly Offer[],
    private readonly duties: WorkloadDuties,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  /** Connects now and stays connected. */
  open(): void {
    if (this.env.LUOFLEET_SOCKET !== undefined) this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
  }

  /** Refuses finish until `release`. */
  async holdFinish(reason: string): Promise<void> {
    await this.call('POST', 'finish-hold', { reason });
  }

  async releaseFinish(): Promise<void> {
    await this.call('DELETE', 'finish-hold');
  }

  private connect(): void {
    this.session().then(
      () => this.retry(),
      () => this.retry(),
    );
  }

  private retry(): void {
    if (!this.closed) this.retryTimer = setTimeout(() => this.connect(), RETRY_MS);
  }

  /** One connection to one agent; ends when the agent goes away. */
  private async session(): Promise<void> {
    await this.call('POST', 'register', { pid: process.pid, instance: this.env.LUOFLEET_INSTANCE });
    for (const { token, ...offer } of this.offers) {
      await this.call('PUT', `descriptors/0x${token.toString(16)}`, offer);
    }
    const stream = await this.send('GET', 'instructions');
    for await (const line of createInterface({ input: stream })) {
      const { id, instruction } = JSON.parse(line) as { id: number; instruction: string };
      await this.call('POST', `instructions/${id}`, await this.carryOut(instruction));
    }
  }

  private async carryOut(instruction: string): Promise<{ ok: boolean; reason?: string }> {
    try {
      if (!(instruction in this.duties)) throw new Error(`unknown instruction ${instruction}`);
      await this.duties[instruction as keyof WorkloadDuties]();
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: describeThrown(error) };
    }
  }

  private async call(method: string, what: string, body?: object): Promise<void> {
    const response = await this.send(method, what, body);
    let text = '';
    for await (const chunk of response) text += String(chunk);
    if ((response.statusCode ?? 0) >= 300) throw new Error(`${method} ${what}: ${text}`);
  }

  private send(method: string, what: string, body?: object): Promise<IncomingMessage> {
    const { LUOFLEET_SOCKET: socketPath, LUOFLEET_WORKLOAD: workload = '' } = this.env;
    const path = `/v1/workloads/${encodeURIComponent(workload)}/${what}`;
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, method, path, agent: false }, resolve);
      outgoing.once('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
