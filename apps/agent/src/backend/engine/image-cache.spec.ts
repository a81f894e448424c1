import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PhaseAborted } from '../../commands/phase-clock';
import { ReasonedError, reasonOf, type Reason } from '../../model/reason';
import { FailingFiles, type DiskErrno } from '../../testing/failing-files';
import { handoverFormat } from './handover-file';
import { ImageCache } from './image-cache';

const over = new PhaseAborted(reasonOf('TIMEOUT', 'the time is over'));
const limits = { imageBytesMax: 1_000_000, fetchStallMs: 1000 };
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const imageOf = (version: string) =>
  `console.log(JSON.stringify({ version: '${version}', handoverFormats: ['${handoverFormat}'] }));`;
const FULL: DiskErrno[] = ['ENOSPC', 'EDQUOT'];
let directory: string;
let cache: ImageCache;
let files: FailingFiles | undefined;

jest.setTimeout(120_000);
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'luofleet-image-cache-'));
  cache = new ImageCache({ stateDir: path.join(directory, 'state'), ...limits });
  mkdirSync(path.join(directory, 'state'));
});
afterEach(() => {
  files?.restore();
  files = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function releaseOf(text: string, version: string) {
  const imageSha256 = sha256Of(text);
  const source = path.join(directory, imageSha256);
  writeFileSync(source, text);
  return {
    ...{
      name: `runtime-${version}`,
      version,
      kind: 'runtime',
      handlers: [],
      kernelCommandLine: '',
    },
    ...{ imageUri: `file://${source}`, imageSha256, initrdUri: '', initrdSha256: '', luoAbi: '' },
  };
}
const prepare = (text: string, version: string, signal = new AbortController().signal) =>
  cache.prepare(releaseOf(text, version), signal);

async function refusal(preparing: Promise<unknown>): Promise<Reason> {
  const error: unknown = await preparing.then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ReasonedError) return error.reason;
  throw error;
}

/** The host runs this version from the cache, as after an update to it. */
async function run(version: string): Promise<string> {
  const file = await prepare(imageOf(version), version);
  cache.setCurrent({ path: file, sha256: sha256Of(imageOf(version)), version });
  return file;
}
const images = () =>
  readdirSync(path.join(directory, 'state/images')).filter((name) => name !== 'koffi.node');

describe('images on a host', () => {
  it.each(['', 'damaged', null])(
    'have the native file beside them when they are started (%p)',
    async (content) => {
      const file = await run('1');
      const native = path.join(directory, 'state/images/koffi.node');
      const right = readFileSync(native);
      rmSync(native);
      if (content !== null) writeFileSync(native, content);
      cache.makeRunnable(cache.current()!);
      expect(readFileSync(native).equals(right)).toBe(true);
      expect(images()).toEqual([path.basename(file)]);
      writeFileSync(file, 'damaged');
      expect(() => cache.makeRunnable(cache.current()!)).toThrow(/sha256/);
    },
  );

  it('are not started while the native file can not be made right', async () => {
    await run('1');
    const native = path.join(directory, 'state/images/koffi.node');
    rmSync(native);
    mkdirSync(native);
    expect(() => cache.makeRunnable(cache.current()!)).toThrow(/regular file|EISDIR/);
  });

  it('are the current, the previous and the staged one, and no more', async () => {
    const all = [await run('1'), await run('2'), await run('3'), await prepare(imageOf('4'), '4')];
    expect(images().sort()).toEqual(
      all
        .slice(1)
        .map((file) => path.basename(file))
        .sort(),
    );
  });

  it.each(['current', 'previous'])(
    'keep the %s one although it fails its try-out',
    async (which) => {
      const files = { previous: await run('1'), current: await run('2') };
      const version = which === 'current' ? '2' : '1';
      const wrong = { ...releaseOf(imageOf(version), version), version: 'other' };
      for (const signal of [new AbortController().signal, AbortSignal.abort(over)]) {
        await refusal(cache.prepare(wrong, signal));
        expect(existsSync(files[which as keyof typeof files])).toBe(true);
      }
    },
  );

  it('all stay while it is not known which are in use', async () => {
    const all = [await run('1'), await run('2'), await run('3')].slice(1);
    writeFileSync(path.join(directory, 'state/current.json'), '{"path":');
    expect(cache.current()).toBeNull();
    await prepare(imageOf('4'), '4');
    for (const file of all) expect(existsSync(file)).toBe(true);
  });

  it('stay when the record can not be read while the next one becomes current', async () => {
    const [previous, current] = [await run('1'), await run('2')];
    const file = await prepare(imageOf('3'), '3');
    const read = jest.spyOn(fs, 'readFileSync').mockImplementation(() => {
      throw Object.assign(new Error('EIO: as the test says'), { code: 'EIO' });
    });
    try {
      const image = { path: file, sha256: sha256Of(imageOf('3')), version: '3' };
      expect(() => cache.setCurrent(image)).toThrow('EIO');
      expect(() => cache.current()).toThrow('EIO');
    } finally {
      read.mockRestore();
    }
    await prepare(imageOf('4'), '4');
    expect([existsSync(previous), existsSync(current)]).toEqual([true, true]);
  });

  it.each<[string, string, RegExp]>([
    [
      'a page of text',
      '# Luofleet\n\nLuofleet carries out\n',
      /is not a runtime image of Luofleet: it ended with exit code 1 and said: SyntaxError/,
    ],
    [
      'a program of another kind',
      'console.log("hello \\u001b[31m")',
      /does not answer `version` and said: hello/,
    ],
    ['JSON that is no object', 'console.log("null")', /does not answer/],
    ['silence', '', /is empty|said nothing/],
    [
      'output without an end',
      'for (;;) require("fs").writeSync(1, "x".repeat(9999))',
      /more than 65536 bytes of output/,
    ],
  ])('are not made of %s', async (_what, text, words) => {
    await run('0');
    const { code, detail } = await refusal(prepare(text, '1'));
    expect(code).toBe('IMAGE_UNAVAILABLE');
    expect(detail).toMatch(words);
    expect(detail).not.toMatch(/\n| {2,}at |\p{Cc}/u);
    expect(existsSync(cache.pathOf(sha256Of(text)))).toBe(false);
  });

  it('take what they have started with them when the time is over', async () => {
    const pids = path.join(directory, 'pids');
    const text = `
      const child = require('child_process').spawn('sleep', ['1000'], { stdio: 'inherit' });
      require('fs').writeFileSync('${pids}', process.pid + ' ' + child.pid);
      setInterval(() => {}, 1000);`;
    const phase = new AbortController();
    const preparing = refusal(prepare(text, '1', phase.signal));
    while (!existsSync(pids) || readFileSync(pids, 'utf8') === '')
      await new Promise((resolve) => setImmediate(resolve));
    phase.abort(over);
    await preparing;
    for (const pid of readFileSync(pids, 'utf8').split(' ')) {
      const state = execFileSync('sh', [
        '-c',
        `cut -d' ' -f3 /proc/${pid}/stat 2>/dev/null || echo gone`,
      ]);
      expect(String(state).trim()).toMatch(/^(gone|Z|X)$/);
    }
  });

  it.each<DiskErrno>(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'])(
    'are there, and the next ones come, after %s at any call of the file system',
    async (errno) => {
      const running = await run('1');
      for (let at = 1, failed = true; failed; at += 1) {
        files = new FailingFiles(path.join(directory, 'state'));
        files.fail({ at, errno, times: 1, isPartial: true });
        const version = `2-${errno}-${at}`;
        const code = await refusal(run(version)).catch(() => undefined);
        if (code !== undefined && FULL.includes(errno))
          expect([files.calls[at - 1], code.code]).toEqual([files.calls[at - 1], 'DISK_FULL']);
        failed = files.calls.length >= at;
        files.restore();
        expect(existsSync(running) || cache.current()?.version !== '1').toBe(true);
        const current = cache.current();
        expect(sha256Of(readFileSync(current?.path ?? '', 'utf8'))).toBe(current?.sha256);
        cache.setCurrent({
          path: await prepare(imageOf('1'), '1'),
          sha256: sha256Of(imageOf('1')),
          version: '1',
        });
      }
    },
  );
});
