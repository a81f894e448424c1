import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real HTTP server that answers as a test says; what the program sent is kept. */
export class ScriptedServer {
  readonly seen: SeenRequest[] = [];
  answer: (request: SeenRequest, response: ServerResponse) => void = (_request, response) =>
    response.writeHead(404).end();
  private readonly server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
      };
      this.seen.push(seen);
      this.answer(seen, response);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendProblem(
  response: ServerResponse,
  status: number,
  code: string,
  errors: { path: string; message: string }[] = [],
): void {
  const problem = { type: 'about:blank', title: 't', status, detail: `it is ${code}`, code };
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ ...problem, instance: '/x', errors }));
}
