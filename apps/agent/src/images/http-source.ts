// One try to get a body by HTTP, from its start or from where an earlier try has ended.
//
// Happy path: 200 or, to a range, 206; redirects are followed.
// Unhappy paths: FetchFault. What may pass (5xx, 408, 425, 429, broken connections) is marked so. Encodings are not asked
// for; gzip is taken out all the same, as it comes, so that no small answer can fill memory; others are refused.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FetchFault } from './fetch-fault';

export interface HttpBody {
  bytes: Readable;
  /** Offset of the first byte: 0 when the server sends everything. */
  startsAt: number;
  /** Bytes of the whole; null when the server does not say. */
  totalBytes: number | null;
  /** Names this state of the content; empty when the server gives none that is exact. */
  etag: string;
  /** Nothing but the end of the connection says that it is whole, and that comes also where it is not. */
  endsByClose: boolean;
}

const REDIRECTS_MAX = 5;
const RETRY_AFTER_MAX_MS = 30_000;
const PASSING_STATUS = new Set([408, 425, 429]);
const PASSING_CODES = new Set([
  ...['EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'],
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT', 'Z_BUF_ERROR'],
]);

/** Whether a connection that failed so may work the next time. */
export const isPassing = (error: unknown): boolean =>
  PASSING_CODES.has(String((error as { code?: unknown } | null)?.code));

/** Throws FetchFault, or what the connection failed with. */
export async function openHttp(
  from: URL,
  resume: { at: number; etag: string },
  signal: AbortSignal,
): Promise<HttpBody> {
  let url = from;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await ask(url, resume, signal);
    const { location } = response.headers;
    if (!isRedirect(response.statusCode) || location === undefined)
      return bodyOf(response, resume.at);
    response.destroy();
    url = redirected(location, url);
  }
  throw new FetchFault(`the server redirects more than ${REDIRECTS_MAX} times`);
}

function ask(url: URL, resume: { at: number; etag: string }, signal: AbortSignal) {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', connection: 'close' };
  if (resume.at > 0) headers['range'] = `bytes=${resume.at}-`;
  if (resume.at > 0 && resume.etag !== '') headers['if-range'] = resume.etag;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const send: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { agent: false, headers, signal }, resolve);
    request.on('error', reject);
    request.end();
  });
}

const isRedirect = (status = 0): boolean => [301, 302, 303, 307, 308].includes(status);

function redirected(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new FetchFault('the server redirects to what is no http: or https: address');
}

function bodyOf(response: IncomingMessage, wantedAt: number): HttpBody {
  try {
    return readable(response, wantedAt);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function readable(response: IncomingMessage, wantedAt: number): HttpBody {
  const { statusCode: status = 0, headers } = response;
  if (status !== 200 && status !== 206) {
    throw new FetchFault(`the server answered ${status}`, {
      passing: status >= 500 || PASSING_STATUS.has(status),
      retryAfterMs: retryAfterMs(headers['retry-after']),
    });
  }
  const etag = /^"/.test(headers.etag ?? '') ? (headers.etag ?? '') : '';
  const endsByClose =
    headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (status === 206) {
    const [, at, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
    if (wantedAt === 0 || Number(at) !== wantedAt || encoding !== 'identity')
      throw new FetchFault('the server sends another part than was asked for');
    const totalBytes = total === undefined || total === '*' ? null : Number(total);
    return { bytes: response, startsAt: wantedAt, totalBytes, etag, endsByClose };
  }
  if (encoding === 'identity') {
    const length = headers['content-length'];
    const totalBytes = length === undefined ? null : Number(length);
    return { bytes: response, startsAt: 0, totalBytes, etag, endsByClose };
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new FetchFault(`the server encodes it as "${encoding}" although it was not asked to`);
  // An encoded body has no offsets in what comes out of it, so it is never resumed. Who reads sees the first failure.
  const bytes = pipeline(response, createGunzip(), () => undefined);
  return { bytes, startsAt: 0, totalBytes: null, etag: '', endsByClose: false };
}

/** Seconds or a date, as milliseconds from now, within bounds. */
function retryAfterMs(value = ''): number {
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS) : 0;
}
