import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { PhaseClock } from '../commands/phase-clock';
import { ReasonedError, type Reason } from '../model/reason';
import {
  drip,
  HostileServer,
  writeForEver,
  type HostileRequest,
  type Manners,
} from '../testing/hostile-server';
import { ImageFiles } from './image-files';

const image = randomBytes(200_000);
const sha256 = createHash('sha256').update(image).digest('hex');
/** Long against what a test needs, short against what a test may take. */
const PHASE_MS = 20_000;
const limits = { imageBytesMax: 1_000_000, fetchStallMs: 300 };
let directory: string;
let files: ImageFiles;
let server: HostileServer | undefined;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'luofleet-images-'));
  files = new ImageFiles(path.join(directory, 'cache'), limits);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

const serve = async (manners: Manners) => (server = await HostileServer.open(manners));

async function fetch(
  uri: string,
  more: { sizeBytes?: bigint; timeoutMs?: number; sha256?: string } = {},
) {
  const clock = new PhaseClock({ phase: 'preflight', timeoutMs: more.timeoutMs ?? PHASE_MS });
  try {
    return await files.prepare({ uri, sha256, ...more }, clock.signal);
  } finally {
    clock.stop();
  }
}

async function refusal(fetching: Promise<unknown>): Promise<Reason> {
  const error: unknown = await fetching.then(
    () => new Error('it was fetched'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ReasonedError) return error.reason;
  throw error;
}

const isThere = () => readFileSync(files.pathOf(sha256)).equals(image);
const inCache = () => (existsSync(files.directory) ? readdirSync(files.directory) : []);
const answer = (status: string, headers: string[], body: Buffer | string = '') =>
  Buffer.concat([
    Buffer.from([`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n')),
    Buffer.from(body),
  ]);
const whole = ({ socket }: HostileRequest) =>
  void socket.end(answer('200 OK', [`content-length: ${image.length}`], image));
const rangeOf = ({ head }: HostileRequest) => Number(/range: bytes=(\d+)-/i.exec(head)?.[1] ?? 0);

describe('an image that is fetched', () => {
  it('is what its digest says, once, however many ask for it', async () => {
    const { uri } = await serve(whole);
    const found = await Promise.all([fetch(uri), fetch(uri), fetch(uri)]);
    expect(found.map(({ isNew }) => isNew)).toEqual([true, false, false]);
    expect(server?.heads).toHaveLength(1);
    expect(isThere()).toBe(true);
    expect(inCache()).toEqual([sha256]);
  });

  it('comes from a regular file too', async () => {
    const file = path.join(directory, 'image');
    writeFileSync(file, image);
    await fetch(`file://${file}`, { sizeBytes: BigInt(image.length) });
    expect(isThere()).toBe(true);
  });

  it('is taken over redirects and out of an encoding that nobody asked for', async () => {
    const zipped = gzipSync(image);
    const { uri } = await serve(({ socket, nth }) =>
      socket.end(
        nth === 1
          ? answer('302 Found', ['location: /elsewhere'])
          : answer('200 OK', ['content-encoding: gzip'], zipped),
      ),
    );
    await fetch(uri);
    expect(isThere()).toBe(true);
  });
});

describe('a failure that passes', () => {
  it.each([...['408 x', '425 x', '429 x', '500 x', '502 x', '503 x', '504 x']])(
    '%s is met by asking again',
    async (status) => {
      const { uri } = await serve((request) =>
        request.nth < 3
          ? void request.socket.end(answer(status, ['retry-after: 0']))
          : whole(request),
      );
      await fetch(uri);
      expect(server?.heads).toHaveLength(3);
    },
  );

  it.each<[string, Manners]>([
    ['a reset', ({ socket }) => socket.resetAndDestroy()],
    ['an end without a word', ({ socket }) => socket.end()],
    ['a body cut short', ({ socket }) => socket.end(answer('200 OK', ['content-length: 9'], '1'))],
    ['a stall before the headers', () => undefined],
    [
      'headers that never end',
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        drip(socket, 'x: y\r\n', 20);
      },
    ],
    [
      'a body by drips',
      ({ socket }) => {
        socket.write(answer('200 OK', []));
        drip(socket, 'x', 20);
      },
    ],
    [
      'an end midway that nothing tells from the end',
      ({ socket }) => socket.end(answer('200 OK', [], image.subarray(0, 100))),
    ],
  ])('%s is met by asking again', async (_what, badly) => {
    const { uri } = await serve((request) => (request.nth < 3 ? badly(request) : whole(request)));
    await fetch(uri);
    expect(isThere()).toBe(true);
  });

  it('costs only what had not come yet', async () => {
    const { uri } = await serve((request) => {
      const at = rangeOf(request);
      const part = image.subarray(at, at + 60_000);
      const range = `content-range: bytes ${at}-${image.length - 1}/${image.length}`;
      const headers = ['etag: "one"', `content-length: ${image.length - at}`];
      const { socket } = request;
      socket.write(
        at === 0
          ? answer('200 OK', headers, part)
          : answer('206 Partial', [range, ...headers], part),
      );
    });
    await fetch(uri);
    const starts = server?.heads.map((head) => rangeOf({ head } as HostileRequest)) ?? [];
    expect(starts).toEqual([0, 60_000, 120_000, 180_000]);
    expect(server?.heads.slice(1).every((head) => /if-range: "one"/i.test(head))).toBe(true);
    expect(isThere()).toBe(true);
  });

  it('leaves a part that the next phase goes on with', async () => {
    const { uri } = await serve((request) => {
      const at = rangeOf(request);
      const range = `content-range: bytes ${at}-${image.length - 1}/${image.length}`;
      if (at > 0)
        return void request.socket.end(answer('206 Partial', [range], image.subarray(at)));
      request.socket.write(answer('200 OK', [], image.subarray(0, 90_000)));
    });
    expect(await refusal(fetch(uri, { timeoutMs: 250 }))).toMatchObject({ code: 'TIMEOUT' });
    expect(inCache()).toEqual([`${sha256}.part`]);
    await fetch(uri);
    expect(rangeOf({ head: server?.heads[1] } as HostileRequest)).toBe(90_000);
    expect(inCache()).toEqual([sha256]);
  });

  it.each<[string, Manners]>([
    ['that ignores ranges', whole],
    [
      'that says the part is too long',
      (request) =>
        rangeOf(request) > 0 ? void request.socket.end(answer('416 x', [])) : whole(request),
    ],
    [
      'that sends another range',
      (request) =>
        rangeOf(request) > 0
          ? void request.socket.end(answer('206 x', ['content-range: bytes 5-9/10'], 'abcde'))
          : whole(request),
    ],
    [
      'whose content has changed',
      (request) => {
        const at = rangeOf(request);
        const range = `content-range: bytes ${at}-${image.length - 1}/${image.length}`;
        if (at === 0) whole(request);
        else request.socket.end(answer('206 x', [range], image.subarray(at)));
      },
    ],
  ])('with a part of something else starts over at a server %s', async (_what, manners) => {
    const { uri } = await serve(manners);
    await refusal(fetch(uri, { sha256: 'ab'.repeat(32) }));
    writeFileSync(`${files.pathOf(sha256)}.part`, randomBytes(50_000));
    await fetch(uri);
    expect(isThere()).toBe(true);
  });

  it('is told with what was met when it does not pass', async () => {
    const { uri } = await serve(({ socket }) => socket.end(answer('503 x', [])));
    const reason = await refusal(fetch(uri, { timeoutMs: 700 }));
    expect(reason).toMatchObject({ code: 'IMAGE_UNAVAILABLE', subject: uri });
    expect(reason.detail).toMatch(/answered 503 \(\d+ tries; preflight took longer than 700 ms\)/);
  });
});

describe('a failure that does not pass', () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  it.each<[string, Manners, RegExp, string?]>([
    ['404', ({ socket }) => socket.end(answer('404 x', [])), /answered 404/],
    ['403', ({ socket }) => socket.end(answer('403 x', [])), /answered 403/],
    ['204', ({ socket }) => socket.end(answer('204 x', [])), /answered 204/],
    [
      'a range that nobody asked for',
      ({ socket }) => socket.end(answer('206 x', ['content-range: bytes 0-4/10'], 'abcde')),
      /another part than was asked for/,
    ],
    ['an empty body', ({ socket }) => socket.end(answer('200 x', ['content-length: 0'])), /empty/],
    [
      'redirects without an end',
      ({ socket }) => socket.end(answer('302 x', ['location: /image'])),
      /redirects more than 5 times/,
    ],
    [
      'a redirect to a file',
      ({ socket }) => socket.end(answer('302 x', ['location: file:///dev/zero'])),
      /no http: or https: address/,
    ],
    [
      'an unknown encoding',
      ({ socket }) => socket.end(answer('200 x', ['content-encoding: br, gzip'], 'x')),
      /encodes it as "br, gzip"/,
    ],
    [
      'a body that says it is too long',
      ({ socket }) => socket.write(answer('200 x', ['content-length: 99999999999'])),
      /has 99999999999 bytes/,
      'IMAGE_TOO_LARGE',
    ],
    [
      'a body that never ends',
      ({ socket }) => {
        socket.write(answer('200 x', []));
        writeForEver(socket, Buffer.alloc(65_536));
      },
      /may have 1000000/,
      'IMAGE_TOO_LARGE',
    ],
    [
      'a small body that unpacks to a large one',
      ({ socket }) => socket.end(answer('200 x', ['content-encoding: gzip'], bomb)),
      /may have 1000000/,
      'IMAGE_TOO_LARGE',
    ],
    [
      'huge headers',
      ({ socket }) => socket.write(answer('200 x', [`x: ${'y'.repeat(100_000)}`])),
      /HPE_HEADER_OVERFLOW|Header overflow/,
    ],
    ['what is no HTTP', ({ socket }) => socket.end('SSH-2.0-x\r\n'), /cannot be fetched/],
    [
      'other content',
      ({ socket }) => socket.end(answer('200 x', [], 'other')),
      /sha256 is [0-9a-f]{64} and should be/,
      'DIGEST_MISMATCH',
    ],
  ])(
    '%s is told at once and leaves nothing',
    async (...[, manners, words, code = 'IMAGE_UNAVAILABLE']) => {
      const { uri } = await serve(manners);
      const reason = await refusal(fetch(uri));
      expect(reason).toMatchObject({ code, subject: uri });
      expect(reason.detail).toMatch(words);
      expect(inCache()).toEqual([]);
    },
  );

  it.each([
    ['longer', 100n],
    ['shorter', 300_000n],
  ])(
    'content %s than the release says is refused, by HTTP and as a file',
    async (_what, sizeBytes) => {
      const { uri } = await serve(whole);
      const file = path.join(directory, 'image');
      writeFileSync(file, image);
      for (const one of [uri, `file://${file}`]) {
        const reason = await refusal(fetch(one, { sizeBytes }));
        expect(reason).toMatchObject({ code: 'SIZE_MISMATCH' });
        expect(reason.detail).toContain(`the release says ${sizeBytes}`);
      }
      expect(inCache()).toEqual([]);
    },
  );

  it('may be larger than the limit of the host where the release says so', async () => {
    const { uri } = await serve(whole);
    files = new ImageFiles(files.directory, { ...limits, imageBytesMax: 10 });
    expect(await refusal(fetch(uri))).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    await fetch(uri, { sizeBytes: BigInt(image.length) });
  });

  it.each<[string, (file: string) => void, RegExp]>([
    ['a FIFO', (file) => execFileSync('mkfifo', [file]), /is a FIFO/],
    [
      'a FIFO behind a link',
      (file) => execFileSync('sh', ['-c', `mkfifo ${file}.f && ln -s ${file}.f ${file}`]),
      /is a FIFO/,
    ],
    ['a device', (file) => execFileSync('ln', ['-s', '/dev/zero', file]), /is a device/],
    ['a directory', (file) => execFileSync('mkdir', [file]), /is a directory/],
    ['an empty file', (file) => writeFileSync(file, ''), /is empty/],
    [
      'a file of /proc',
      (file) => execFileSync('ln', ['-s', '/proc/self/environ', file]),
      /is empty/,
    ],
    ['a loop of links', (file) => execFileSync('ln', ['-s', file, file]), /ELOOP/],
    ['nothing', () => undefined, /ENOENT/],
    [
      'a file of many gigabytes',
      (file) => {
        writeFileSync(file, '');
        truncateSync(file, 2 ** 42);
      },
      /may have 1000000/,
    ],
  ])('%s is no image', async (_what, make, words) => {
    const file = path.join(directory, 'image');
    make(file);
    const { detail } = await refusal(fetch(`file://${file}`));
    expect(detail).toMatch(words);
    expect(inCache()).toEqual([]);
  });

  it.each([
    'gopher://x/y',
    'file://host/x',
    'file:///a%00b',
    'no address',
    'http://',
    'file:///a%2Fb',
  ])('the address %s is refused in words', async (uri) => {
    const { detail } = await refusal(fetch(uri));
    expect(detail).toMatch(/^the image cannot be fetched: .+/);
    expect(detail).not.toContain('[object');
  });
});

describe('the end of a phase', () => {
  it.each<[string, Manners]>([
    ['never answers', () => undefined],
    [
      'drips headers',
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        drip(socket, 'x: y\r\n', 20);
      },
    ],
    [
      'drips a body',
      ({ socket }) => {
        socket.write(answer('200 OK', []));
        drip(socket, 'x', 20);
      },
    ],
    ['informs for ever', ({ socket }) => drip(socket, 'HTTP/1.1 103 x\r\n\r\n', 20)],
    ['asks for patience', ({ socket }) => socket.end(answer('503 x', ['retry-after: 9999999']))],
  ])('ends the fetch from a server that %s, and the connection', async (_what, manners) => {
    const { uri } = await serve(manners);
    files = new ImageFiles(files.directory, { ...limits, fetchStallMs: 60_000 });
    const reason = await refusal(fetch(uri, { timeoutMs: 300 }));
    expect(reason.detail).toContain('preflight took longer than 300 ms');
    await untilNone(() => server?.open ?? 0);
  });
});

async function untilNone(count: () => number): Promise<void> {
  while (count() > 0) await new Promise((resolve) => setImmediate(resolve));
}
