// The library as it ships: one bundled file with koffi.node beside it, away from node_modules.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { koffiNativeFile } from './index';

const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-bundle-'));
const bundle = path.join(directory, 'agent.cjs');
const native = path.join(directory, 'koffi.node');
afterAll(() => rmSync(directory, { recursive: true }));

const main = `
import { writeSync } from 'node:fs';
import { execve, memfdCreate } from ${JSON.stringify(path.join(__dirname, 'index.ts'))};
const fd = memfdCreate('kept');
writeSync(fd, 'survived', 0);
const script = 'echo $$ $WHO \${UNSET-unset}; cat /proc/self/fd/' + fd;
execve({ path: '/bin/sh', argv: ['sh', '-c', script], env: { WHO: 'me', UNSET: undefined, PATH: process.env.PATH }, keepFds: [fd] });
`;

beforeAll(() => {
  const entry = path.join(directory, 'main.ts');
  writeFileSync(entry, main);
  const rolldown = path.resolve(__dirname, '../../../node_modules/rolldown/bin/cli.mjs');
  const built = spawnSync(
    process.execPath,
    [rolldown, entry, '--platform', 'node', '--format', 'cjs', '--file', bundle],
    { encoding: 'utf8' },
  );
  if (built.status !== 0) throw new Error(built.stderr);
});

describe('a single-file bundle', () => {
  it('finds koffi.node beside itself; execve keeps the pid, the named descriptors and the environment', () => {
    copyFileSync(koffiNativeFile(), native);
    const child = spawnSync(process.execPath, [bundle], { encoding: 'utf8', cwd: '/' });
    expect(child.stderr).toBe('');
    expect(child.stdout).toBe(`${child.pid} me unset\nsurvived`);
  });

  it('says where it looked when there is no native file anywhere', () => {
    rmSync(native);
    const child = spawnSync(process.execPath, [bundle], { encoding: 'utf8', cwd: '/' });
    expect(child.status).toBe(1);
    expect(child.stderr).toContain('koffi.node can not be loaded for linux-');
    expect(child.stderr).toContain('Copy it beside the bundle');
  });
});
