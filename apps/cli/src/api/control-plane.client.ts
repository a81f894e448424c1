/**
 * DOC: how the program talks to the control plane
 *
 * Purpose: every request of the program goes through here, so that every failure reads the same.
 *
 * Happy path: one HTTP request, its JSON as the answer.
 * Unhappy paths: nothing answers, or what answers is not a control plane -> exit code 3; problem+json -> its detail
 * and faults, exit code by its `code`.
 */
import { type Page, type Problem, problemSchema } from '@luofleet/contracts';
import { ERROR_CODES, type ErrorCode } from '@luofleet/platform';
import { CliError, EXIT, type ExitCode } from '../cli.error';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Page size of listings; the control plane's most, so that a large fleet takes few requests. */
const PAGE_LIMIT = 500;

export class ControlPlaneClient {
  private readonly base: URL;

  constructor(server: string) {
    if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
      throw new CliError(
        EXIT.usage,
        `"${server}" is not an http:// or https:// address; set --server or LUOFLEET_SERVER`,
      );
    this.base = new URL(server);
  }

  /** @throws CliError */
  async request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(path, options);
    const text = await response.text().catch((cause: unknown) => this.unreachable(cause));
    try {
      return JSON.parse(text) as Answer;
    } catch (cause) {
      return this.foreign(response, cause);
    }
  }

  /** The response once it is known to be a good one; its body is not read yet. */
  async open(path: string, options: RequestOptions = {}): Promise<Response> {
    const url = new URL(`${this.base.pathname.replace(/\/$/, '')}/api/v1${path}`, this.base);
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
      signal: options.signal ?? null,
    }).catch((cause: unknown) => this.unreachable(cause));
    if (!response.ok) await this.refused(response);
    return response;
  }

  /** Every item of a list, page after page, until `limit` items or the end. */
  async *list<Item>(path: string, query: Query, limit = Infinity): AsyncGenerator<Item> {
    let cursor: string | null = null;
    let left = limit;
    do {
      const page: Page<Item> = await this.request(path, {
        query: { ...query, limit: Math.min(PAGE_LIMIT, left), cursor: cursor ?? undefined },
      });
      for (const item of page.items) {
        yield item;
        left -= 1;
        if (left === 0) return;
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  private unreachable(cause: unknown): never {
    const failure = cause as {
      name?: string;
      message?: string;
      cause?: { code?: string; message?: string };
    };
    if (failure.name === 'AbortError') throw cause;
    const code = failure.cause?.code ?? failure.cause?.message ?? failure.message ?? 'no answer';
    throw new CliError(
      EXIT.unreachable,
      `cannot reach the control plane at ${this.base.origin} (${code}); ` +
        'is it running? Set its address with --server or LUOFLEET_SERVER',
      [],
      { cause },
    );
  }

  private foreign(response: Response, cause?: unknown): never {
    throw new CliError(
      EXIT.unreachable,
      `what answers at ${this.base.origin} is not a Luofleet control plane ` +
        `(HTTP ${response.status}, ${response.headers.get('content-type') ?? 'no content type'}); ` +
        'check --server or LUOFLEET_SERVER',
      [],
      { cause },
    );
  }

  private async refused(response: Response): Promise<never> {
    const text = await response.text().catch((cause: unknown) => this.unreachable(cause));
    const problem = readProblem(text);
    if (!problem) return this.foreign(response);
    throw new CliError(exitCodeOf(problem), `${problem.detail} [${problem.code}]`, problem.errors);
  }
}

function readProblem(text: string): Problem | null {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function exitCodeOf(problem: Problem): ExitCode {
  if (problem.code in ERROR_CODES) return ERROR_CODES[problem.code as ErrorCode].exitCode;
  if (problem.status === 401 || problem.status === 403) return EXIT.notAllowed;
  return problem.status === 503 ? EXIT.unreachable : EXIT.failed;
}
