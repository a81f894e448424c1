// Brings what is at an address into a file of this host. Nothing is ever whole in memory.
//
// Happy path: a file: address is copied, an http: or https: one is streamed into the part file.
// Unhappy paths: FetchFault. Over HTTP, failures that may pass are tried again with backoff until the signal ends it; a try goes
// on where the last one ended, also one of an earlier phase, and starts over where the server does not take part in
// that. Whoever sends less than a trickle, or more than the image may have, is given up. A full disk keeps no part.
// Ordering: the caller checks the digest of the part file afterwards; nothing here vouches for the content.
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { limited } from '@luofleet/platform/clock';
import { PhaseAborted } from '../commands/phase-clock';
import { Backoff } from '../link/backoff';
import { describeError, isDiskFull } from '../model/reason';
import { checkSize, FetchFault, sizeLimit, type SizeRule } from './fetch-fault';
import { openRegularFile } from './file-source';
import { isPassing, openHttp, type HttpBody } from './http-source';

export interface FetchRequest {
  uri: string;
  /** Where it goes; what is there already is gone on with. */
  part: string;
  size: SizeRule;
  /** The least that must come in each of these spans, the first of which has connecting in it. */
  stallMs: number;
}

const TRICKLE_BYTES = 1024;
/** Also where the phase has no limit. */
const TOTAL_MS = 3_600_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface Fetched {
  /** An earlier part is in it, whose content may be another one's. */
  resumed: boolean;
  /** It may have been cut short: the server did not say how much there is. */
  mayBeCut: boolean;
}

/** Resolves once the part file is as complete as the server says. */
export async function fetchImage(request: FetchRequest, signal: AbortSignal): Promise<Fetched> {
  return limited(TOTAL_MS, (limit) => fetchWithin(request, limit), signal);
}

async function fetchWithin(request: FetchRequest, limit: AbortSignal): Promise<Fetched> {
  try {
    const url = new URL(request.uri);
    if (url.protocol === 'file:') return await copyFile(fileURLToPath(url), request, limit);
    if (url.protocol === 'http:' || url.protocol === 'https:')
      return await download(url, request, limit);
    throw new FetchFault('the address is no file:, http: or https: address');
  } catch (error) {
    const { part } = request;
    if (!limit.aborted) await rm(part, { force: true }).catch(() => undefined);
    if (error instanceof FetchFault || error instanceof PhaseAborted) throw error;
    throw limit.aborted ? limit.reason : faultOf(error);
  }
}

async function copyFile(file: string, { part, size }: FetchRequest, signal: AbortSignal) {
  const { handle, bytes } = await openRegularFile(file);
  try {
    if (bytes === 0) throw new FetchFault('it is empty');
    checkSize(bytes, size);
    const source = handle.createReadStream({ end: bytes - 1, autoClose: false, signal });
    await write(source, part, 0, signal);
    return { resumed: false, mayBeCut: false };
  } finally {
    await handle.close();
  }
}

async function download(url: URL, request: FetchRequest, signal: AbortSignal) {
  const backoff = new Backoff(RETRY_FIRST_MS, RETRY_MAX_MS);
  const state = { etag: '', resumed: false, mayBeCut: false };
  let last: FetchFault | null = null;
  for (let tries = 1; ; tries += 1) {
    const had = await bytesOf(request.part);
    try {
      await tryOnce(url, request, state, signal);
      return state;
    } catch (error) {
      if (!signal.aborted) last = error instanceof FetchFault ? error : faultOf(error);
      if (last?.passing === false) throw last;
      if ((await bytesOf(request.part)) > had) backoff.reset();
      const waitMs = Math.max(backoff.nextMs(), last?.retryAfterMs ?? 0);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw givenUp(signal, tries, last);
    }
  }
}

async function tryOnce(
  url: URL,
  request: FetchRequest,
  state: Fetched & { etag: string },
  signal: AbortSignal,
): Promise<void> {
  const { part, size } = request;
  const partBytes = await bytesOf(part);
  const at = partBytes > sizeLimit(size) ? 0 : partBytes;
  const trickle = new Trickle(request.stallMs);
  const limit = AbortSignal.any([signal, trickle.signal]);
  let body: HttpBody | undefined;
  try {
    body = await openHttp(url, { at, etag: state.etag }, limit);
    const { startsAt, totalBytes } = body;
    if (totalBytes !== null) checkSize(totalBytes, size);
    state.etag = body.etag;
    state.resumed = startsAt > 0;
    state.mayBeCut = body.endsByClose && size.stated === 0;
    let done = startsAt;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        trickle.count(chunk.length);
        done += chunk.length;
        if (done > sizeLimit(size)) checkSize(done, size);
        yield chunk;
      }
    };
    await write(counted(body.bytes), part, startsAt, limit);
    const whole = totalBytes ?? size.stated;
    if (done < whole)
      throw new FetchFault(`the server ended after ${done} of ${whole} bytes`, { passing: true });
    if (done === 0) throw new FetchFault('it is empty');
  } catch (error) {
    if (limit.aborted) throw limit.reason;
    if (at === 0 || !(error instanceof FetchFault) || error.passing) throw error;
    // The part may be longer than the content, or of another one: without it the server may well answer.
    await rm(part, { force: true });
    return await tryOnce(url, request, state, signal);
  } finally {
    trickle.stop();
    body?.bytes.destroy();
  }
}

/** Whoever sends less than a trickle is given up. */
class Trickle {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private came = 0;

  constructor(spanMs: number) {
    this.timer = setInterval(() => {
      if (this.came < TRICKLE_BYTES) {
        const detail = `the server sent ${this.came} bytes in ${spanMs} ms`;
        this.controller.abort(new FetchFault(detail, { passing: true }));
      }
      this.came = 0;
    }, spanMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  count(bytes: number): void {
    this.came += bytes;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

async function write(
  source: AsyncIterable<Buffer>,
  part: string,
  start: number,
  signal: AbortSignal,
) {
  const handle = await open(part, start > 0 ? 'r+' : 'w', 0o600);
  try {
    let position = start;
    for await (const chunk of source) {
      signal.throwIfAborted();
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position);
        done += bytesWritten;
        position += bytesWritten;
      }
    }
    signal.throwIfAborted();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function bytesOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** What this host or the connection failed with. */
export function faultOf(error: unknown): FetchFault {
  return isDiskFull(error)
    ? new FetchFault('the disk is full', { code: 'DISK_FULL', cause: error })
    : new FetchFault(describeError(error), { passing: isPassing(error), cause: error });
}

/** The time is over. What the tries met says more than that they took too long. */
function givenUp(signal: AbortSignal, tries: number, last: FetchFault | null): unknown {
  const { reason } = signal as { reason: unknown };
  const isTime = !(reason instanceof PhaseAborted) || reason.reason.code === 'TIMEOUT';
  if (last === null || !isTime) return reason;
  const how = tries === 1 ? 'one try' : `${tries} tries`;
  return new FetchFault(`${last.message} (${how}; ${describeError(reason)})`, { code: last.code });
}
