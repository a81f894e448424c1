// The workload socket: HTTP and JSON over a Unix socket (docs/workloads.md).
//
// Happy path: a process registers, offers descriptors under tokens, keeps its instructions stream open and answers.
// Unhappy paths: every refusal is problem+json. The kernel says who is asking (SO_PEERCRED): only the registered process
// of a workload, or what it started, may speak for it. A request that does not come to its end, and a stream that nobody reads,
// lose their connection; so does the oldest of the process that has the most, when there are too many (connection-limit.ts).
// Ordering: register before everything else; the stream may close and open again at any time.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { escapeJson, isPlainText } from '@luofleet/platform/text';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import { ConnectionLimit, peerPid } from './connection-limit';
import { descendsFrom } from './process-table';
import { cleanReason, parseToken, readBody, type Shape } from './request-body';
import type { WorkloadInstance } from './workload-instance';
import { problemDocument, WorkloadProblem } from './workload-problem';
import type { WorkloadSupervisor } from './workload-supervisor';

export interface WorkloadApiOptions {
  socket: string;
  supervisor: WorkloadSupervisor;
  log: Log;
  status(): object;
  /** Whether the descriptor is part of a session right now. */
  isPreserved(workload: string, token: bigint): boolean;
  setFinishHold(workload: string, reason: string | null): void;
  finishHold(workload: string): string | undefined;
}

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  workload: string;
  /** What follows /v1/workloads/NAME/PART/. */
  rest: string;
}

type Handler = (api: WorkloadApi, call: Call) => void | Promise<void>;

const routes: Record<string, Handler> = {
  'POST register': (api, call) => api.register(call),
  'PUT descriptors': (api, call) => api.offer(call),
  'DELETE descriptors': (api, call) => api.withdraw(call),
  'GET instructions': (api, call) => api.listen(call),
  'POST instructions': (api, call) => api.answer(call),
  'POST finish-hold': (api, call) => api.hold(call),
  'DELETE finish-hold': (api, call) => api.release(call),
};

/** What the calls that have a body take in it. */
export const BODIES = {
  'POST register': { pid: { type: 'integer' }, instance: { type: 'string', optional: true } },
  'PUT descriptors': {
    fd: { type: 'integer' },
    name: { type: 'string' },
    optional: { type: 'boolean', optional: true },
  },
  'POST instructions': { ok: { type: 'boolean' }, reason: { type: 'string', optional: true } },
  'POST finish-hold': { reason: { type: 'string' } },
} as const satisfies Record<string, Shape>;

/** Instruction streams stay open for ever; only the time to send a request is limited. */
const TIMEOUTS = {
  ...{ headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 },
  keepAliveTimeout: 0,
};

const DESCRIPTORS_MAX = 4096;

/** Names reach a workload in one environment variable, of which the kernel takes 128 KiB. */
const NAMES_BYTES_MAX = 65_536;

/** What a workload may leave unread of its instructions. */
const UNREAD_BYTES_MAX = 65_536;

export class WorkloadApi {
  private readonly server: Server;
  private readonly connections = new ConnectionLimit();

  constructor(private readonly options: WorkloadApiOptions) {
    this.server = createServer(TIMEOUTS, (request, response) => void this.serve(request, response));
    this.server.on('connection', (socket) => this.connections.add(socket));
  }

  /** Listens. The path must be free. */
  async open(): Promise<void> {
    // For the socket alone: whatever else is made or started meanwhile must not have this mask.
    const before = process.umask(0o177);
    try {
      this.server.listen(this.options.socket);
    } finally {
      process.umask(before);
    }
    await once(this.server, 'listening');
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async register({ request, response, workload }: Call): Promise<void> {
    const { pid, instance: id } = await readBody(request, BODIES['POST register']);
    const instance = this.options.supervisor.instanceOf(
      workload,
      (one) => (id === undefined || id === one.id) && descendsFrom(pid, one.process.pid),
    );
    if (instance === undefined || !this.speaksFor(request, pid)) {
      const detail = `pid ${pid} is no process of workload "${workload}" that this agent started, or not the one asking`;
      throw new WorkloadProblem(403, 'NOT_THIS_PROCESS', 'Not this process', detail);
    }
    instance.registeredPid = pid;
    instance.descriptors.clear();
    const { state } = instance;
    sendJson(response, 200, { workload, instance: instance.id, state });
  }

  async offer({ request, response, workload, rest }: Call): Promise<void> {
    const token = parseToken(rest);
    const instance = this.registered(request, workload);
    const { fd, name, optional = false } = await readBody(request, BODIES['PUT descriptors']);
    if (!/^[^:]{1,255}$/u.test(name) || !isPlainText(name)) {
      const errors = [
        {
          path: 'name',
          message: '1 to 255 characters, no colon, no control or invisible characters',
        },
      ];
      throw new WorkloadProblem(
        400,
        'BAD_BODY',
        'Bad request body',
        'the name is not usable',
        errors,
      );
    }
    const others = [...instance.descriptors.values()].filter((one) => one.token !== token);
    const names = [...others.map((one) => one.name), name].join(':');
    if (others.length >= DESCRIPTORS_MAX || Buffer.byteLength(names) > NAMES_BYTES_MAX) {
      const detail =
        `a workload may offer ${DESCRIPTORS_MAX} descriptors, whose names have ${NAMES_BYTES_MAX} bytes ` +
        'together; withdraw one first';
      throw new WorkloadProblem(409, 'TOO_MANY_DESCRIPTORS', 'Too many descriptors', detail);
    }
    instance.descriptors.set(token, { token, fd, name, optional });
    sendJson(response, 200, { workload, token: `0x${token.toString(16)}`, fd, name, optional });
  }

  withdraw({ request, response, workload, rest }: Call): void {
    const token = parseToken(rest);
    const instance = this.registered(request, workload);
    if (!instance.descriptors.has(token)) {
      const detail = `workload "${workload}" offers nothing under token ${rest}`;
      throw new WorkloadProblem(404, 'DESCRIPTOR_UNKNOWN', 'Descriptor unknown', detail);
    }
    if (this.options.isPreserved(workload, token)) {
      const detail = `token ${rest} is preserved for a live update; withdraw it when that has ended`;
      throw new WorkloadProblem(409, 'PRESERVED', 'Descriptor is preserved', detail);
    }
    instance.descriptors.delete(token);
    response.writeHead(204).end();
  }

  listen({ request, response, workload }: Call): void {
    const instance = this.registered(request, workload);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const { socket } = request;
    const stream = {
      write: (line: string) => {
        response.write(line);
        if (response.writableLength > UNREAD_BYTES_MAX) socket.destroy();
      },
      end: () => {
        this.connections.release(socket);
        response.end();
      },
    };
    instance.attach(stream);
    this.connections.keep(socket);
    response.once('close', () => instance.detach(stream));
  }

  async answer({ request, response, workload, rest }: Call): Promise<void> {
    const instance = this.registered(request, workload);
    const body = readBody(request, BODIES['POST instructions']);
    const { ok, reason } = await body.catch((error: unknown) => {
      // Whoever has that much to say does not say yes; waiting for a shorter answer would lengthen the blackout.
      if (error instanceof WorkloadProblem && error.code === 'BODY_TOO_LARGE')
        instance.answer(Number(rest), { ok: false, reason: `its answer: ${error.message}` });
      throw error;
    });
    if (!instance.answer(Number(rest), { ok, reason: cleanReason(reason ?? '') })) {
      const detail = `instruction ${rest} of workload "${workload}" is not open: answered already, or taken back`;
      throw new WorkloadProblem(404, 'INSTRUCTION_UNKNOWN', 'Instruction unknown', detail);
    }
    response.writeHead(204).end();
  }

  async hold({ request, response, workload }: Call): Promise<void> {
    this.registered(request, workload);
    const { reason } = await readBody(request, BODIES['POST finish-hold']);
    this.options.setFinishHold(workload, cleanReason(reason));
    response.writeHead(204).end();
  }

  release({ request, response, workload }: Call): void {
    this.registered(request, workload);
    this.options.setFinishHold(workload, null);
    response.writeHead(204).end();
  }

  private registered(request: IncomingMessage, workload: string): WorkloadInstance {
    const instance = this.options.supervisor.instanceOf(
      workload,
      ({ registeredPid }) => registeredPid !== null && this.speaksFor(request, registeredPid),
    );
    if (instance !== undefined) return instance;
    const detail = `the process asking has not registered as workload "${workload}"; POST …/register first`;
    throw new WorkloadProblem(403, 'NOT_REGISTERED', 'Not registered', detail);
  }

  /** The process at the other end is `pid` or was started by it (a script's curl). */
  private speaksFor(request: IncomingMessage, pid: number): boolean {
    const peer = peerPid(request.socket);
    return peer !== 0 && descendsFrom(peer, pid);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    try {
      await this.dispatch(path, request, response);
    } catch (error) {
      const problem =
        error instanceof WorkloadProblem
          ? error
          : new WorkloadProblem(500, 'INTERNAL', 'Internal error', describeError(error));
      if (problem.status >= 500)
        this.options.log.error('request failed', { path, error: problem.message });
      if (response.headersSent) return void response.end();
      response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
      response.end(problemDocument(problem, path));
    }
  }

  private async dispatch(path: string, request: IncomingMessage, response: ServerResponse) {
    const { supervisor, finishHold, status } = this.options;
    if (request.method === 'GET' && path === '/v1/status') return sendJson(response, 200, status());
    if (request.method === 'GET' && path === '/v1/workloads') {
      const items = supervisor.health().map((health) => ({
        ...health,
        finishHold: finishHold(health.name) ?? null,
        descriptors: [...(supervisor.current.get(health.name)?.descriptors.values() ?? [])].map(
          ({ token, fd, name }) => ({ token: `0x${token.toString(16)}`, fd, name }),
        ),
      }));
      return sendJson(response, 200, { items });
    }
    const [, workload = '', part = '', rest = ''] =
      /^\/v1\/workloads\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    const handler = routes[`${request.method} ${part}`];
    if (handler === undefined) {
      const detail = `there is no ${request.method} ${path}`;
      throw new WorkloadProblem(404, 'ROUTE_UNKNOWN', 'Not found', detail);
    }
    const name = decoded(workload);
    if (!supervisor.names.includes(name)) {
      const detail = `the agent's configuration has no workload "${name}"`;
      throw new WorkloadProblem(404, 'WORKLOAD_UNKNOWN', 'Workload unknown', detail);
    }
    return handler(this, { request, response, workload: name, rest });
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${escapeJson(JSON.stringify(body))}\n`);
}

/** Part of a path; what is not percent-encoded text names no workload. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
