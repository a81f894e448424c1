/**
 * DOC: talking to the control plane
 *
 * Purpose: GET and POST under /api/v1 of the server that served this page, answers as the contracts type them.
 *
 * Happy path: `getJson('/hosts')` resolves with the decoded body.
 * Unhappy paths: every other ending rejects with an `ApiError` that carries a problem. A server that can not be
 * reached, does not answer within ANSWER_MAX_MS, or answers with something else than problem+json, gets a problem of
 * our own, so that pages have one way of showing what went wrong.
 */
import type { Problem } from '@luofleet/contracts';
import { readJson } from './read-json';

/** For the whole answer. */
const ANSWER_MAX_MS = 20_000;

export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    cause?: unknown,
  ) {
    super(problem.detail === '' ? problem.title : problem.detail, { cause });
    this.name = 'ApiError';
  }

  /** Asking again may help: the server was not reached or had a fault of its own. */
  get transient(): boolean {
    return this.problem.status === 0 || this.problem.status >= 500;
  }
}

export type QueryParameters = Readonly<Record<string, string | number | null | undefined>>;

/** `/hosts?limit=500`; parameters without a value are left out. */
export function pathWithQuery(path: string, parameters: QueryParameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return request<Answer>('GET', path, signal);
}

export function postJson<Answer>(path: string, body?: object): Promise<Answer> {
  return request<Answer>('POST', path, undefined, body);
}

async function request<Answer>(
  method: 'GET' | 'POST',
  path: string,
  signal?: AbortSignal,
  sent?: object,
): Promise<Answer> {
  const address = `/api/v1${path}`;
  const limit = AbortSignal.timeout(ANSWER_MAX_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: {
        accept: 'application/json',
        ...(sent !== undefined && { 'content-type': 'application/json' }),
      },
      body: sent === undefined ? null : JSON.stringify(sent),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(unreachable(address), error);
  }
  const body = readJson(text);
  if (!response.ok) throw new ApiError(problemOf(response.status, body, address));
  if (body === undefined) throw new ApiError(unreadable(response.status, address));
  return body as Answer;
}

/** The problem that an error answer carries, or one made from its status. */
export function problemOf(status: number, body: unknown, instance: string): Problem {
  if (isProblem(body)) return { ...body, errors: body.errors ?? [] };
  return {
    type: 'about:blank',
    title: `The control plane answered ${status}`,
    status,
    detail: 'The answer has no description. A proxy in between may have written it.',
    code: 'UNEXPECTED_ANSWER',
    instance,
    errors: [],
  };
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'title' in body &&
    typeof body.title === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}

function unreachable(instance: string): Problem {
  return {
    type: 'about:blank',
    title: 'Can’t reach the control plane',
    status: 0,
    detail: 'No answer came. Check that it runs and that the network lets you through.',
    code: 'UNREACHABLE',
    instance,
    errors: [],
  };
}

function unreadable(status: number, instance: string): Problem {
  return {
    type: 'about:blank',
    title: 'The answer is not JSON',
    status,
    detail: 'Something other than the control plane may serve this address.',
    code: 'UNREADABLE_ANSWER',
    instance,
    errors: [],
  };
}
