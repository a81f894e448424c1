/**
 * DOC: how the program talks to the control plane
 *
 * Purpose: every request of the program goes through here, so that every failure reads the same and none waits for ever.
 *
 * Happy path: one HTTP request, its JSON as the answer, checked against the contract.
 * Unhappy paths: nothing answers, not in time, too much, or what answers is not a control plane -> exit code 3;
 * problem+json -> its detail and faults, exit code by its `code`.
 * Bounds: a request with its answer takes at most the time limit (of which fetch gives a connection 10 s), an answer has
 * at most ANSWER_BYTES_MAX, a list at most PAGES_MAX pages.
 */
import { formatDuration, type Page, type Problem, problemSchema } from '@luofleet/contracts';
import { ERROR_CODES, type ErrorCode } from '@luofleet/platform';
import { TimeLimit } from '@luofleet/platform/clock';
import type { z } from 'zod';
import { describeThrown } from '@luofleet/platform/text';
import { CliError, EXIT, type ExitCode } from '../cli.error';
import { shaped } from './answer.shape';
import type { ServerAddress } from './server.address';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Page size of listings; the control plane's most, so that a large fleet takes few requests. */
export const PAGE_LIMIT = 500;
/** A list that has not ended after so many pages never will: five million things. */
export const PAGES_MAX = 10_000;
/** The longest answer is the dry run over a large fleet: a few megabytes. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export class ControlPlaneClient {
  constructor(
    private readonly server: ServerAddress,
    private readonly timeoutMs: number,
    /** Aborted when the user interrupts: ends every request. */
    private readonly interrupt: AbortSignal,
  ) {}

  /**
   * The answer as it came, fields that this program does not know included, completed where the contract says how.
   * @throws CliError
   */
  async request<Answer>(
    path: string,
    schema: z.ZodType<Answer>,
    options: RequestOptions = {},
  ): Promise<Answer> {
    const limit = new TimeLimit(this.timeoutMs, this.interrupt);
    try {
      const response = await this.open(path, options, limit);
      return this.checked(schema, response, await this.textOf(response, limit));
    } finally {
      limit.stop();
    }
  }

  /** A stream of bytes, for as long as `limit` lets it go on. */
  async stream(path: string, query: Query, limit: TimeLimit): Promise<AsyncIterable<Uint8Array>> {
    const headers = { accept: 'text/event-stream' };
    const response = await this.open(path, { query, headers }, limit);
    const type = response.headers.get('content-type') ?? '';
    return response.body && type.startsWith('text/event-stream')
      ? response.body
      : this.foreign(response);
  }

  /** Every item of a list, page after page, until `most` items or the end. */
  async *list<Item>(
    path: string,
    schema: z.ZodType<Page<Item>>,
    query: Query,
    most = Infinity,
  ): AsyncGenerator<Item> {
    let cursor: string | null = null;
    let left = most;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const page: Page<Item> = await this.request(path, schema, {
        query: { ...query, limit: Math.min(PAGE_LIMIT, left), cursor: cursor ?? undefined },
      });
      for (const item of page.items) {
        yield item;
        left -= 1;
        if (left === 0) return;
      }
      if (page.nextCursor === null) return;
      if (page.nextCursor === cursor) break;
      cursor = page.nextCursor;
    }
    this.endless(path);
  }

  endless(path: string): never {
    throw new CliError(EXIT.unreachable, `the list ${path} of ${this.server.origin} never ends`);
  }

  /** What broke a request or a stream, as a message; nothing when it was the user. */
  unreachable(cause: unknown, limit: TimeLimit): never {
    if (this.interrupt.aborted || cause instanceof CliError) throw cause;
    const { origin, advice } = this.server;
    throw new CliError(
      EXIT.unreachable,
      limit.passed
        ? `the control plane at ${origin} has not answered within ${formatDuration(limit.limitMs)}; ` +
            'whether it did what was asked is not known. Is it stopped or overloaded? ' +
            `--timeout or LUOFLEET_TIMEOUT sets how long to wait. ${advice}`
        : `cannot reach the control plane at ${origin} (${codeOf(cause)}); is it running? ${advice}`,
      [],
      { cause },
    );
  }

  private async open(path: string, options: RequestOptions, limit: TimeLimit): Promise<Response> {
    const { base } = this.server;
    const url = new URL(`${base.pathname.replace(/\/$/, '')}/api/v1${path}`, base);
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const response = await fetch(url, {
      method: options.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      redirect: 'manual',
      signal: limit.signal,
    }).catch((cause: unknown) => this.unreachable(cause, limit));
    if (response.ok) return response;
    const problem = readProblem(await this.textOf(response, limit));
    if (!problem) return this.foreign(response);
    throw new CliError(exitCodeOf(problem), `${problem.detail} [${problem.code}]`, problem.errors, {
      code: problem.code,
    });
  }

  private async textOf(response: Response, limit: TimeLimit): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    let bytes = 0;
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength;
        if (bytes > ANSWER_BYTES_MAX)
          throw new CliError(
            EXIT.unreachable,
            `what answers at ${this.server.origin} sends more than ${ANSWER_BYTES_MAX} bytes; ` +
              `that is no control plane. ${this.server.advice}`,
          );
        text += decoder.decode(chunk, { stream: true });
      }
    } catch (cause) {
      this.unreachable(cause, limit);
    }
    return text + decoder.decode();
  }

  private checked<Answer>(schema: z.ZodType<Answer>, response: Response, text: string): Answer {
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      return this.foreign(response, cause);
    }
    const checked = shaped(schema, answer);
    if (checked.kind === 'answer') return checked.answer;
    throw new CliError(
      EXIT.unreachable,
      `what answers at ${this.server.origin} is no control plane, or none of this version (${checked.fault})`,
    );
  }

  private foreign(response: Response, cause?: unknown): never {
    const to = response.headers.get('location');
    throw new CliError(
      EXIT.unreachable,
      `what answers at ${this.server.origin} is not a Luofleet control plane ` +
        `(HTTP ${response.status}${to === null ? '' : ` to ${to}`}, ` +
        `${response.headers.get('content-type') ?? 'no content type'}). ${this.server.advice}`,
      [],
      { cause },
    );
  }
}

function codeOf(cause: unknown): string {
  const code = (cause as { cause?: { code?: unknown } } | null)?.cause?.code;
  return typeof code === 'string' ? code : describeThrown(cause);
}

function readProblem(text: string): Problem | null {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function exitCodeOf(problem: Problem): ExitCode {
  if (Object.hasOwn(ERROR_CODES, problem.code))
    return ERROR_CODES[problem.code as ErrorCode].exitCode;
  if (problem.status === 401 || problem.status === 403) return EXIT.notAllowed;
  return problem.status === 503 ? EXIT.unreachable : EXIT.failed;
}
