// What stands between the start of the agent and the retrieved files, as the bundler sees it.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import path from 'node:path';
import { closeDescriptor, getCloseOnExec, memfdCreate, setCloseOnExec } from '@luofleet/linux';
import { earlyPart, namesKernelBackend } from './early-part';

const workspace = path.resolve(__dirname, '../../../..');

/** Prints, for the entry chunk and all it imports statically, their modules, and what they import from elsewhere. */
const script = `
import { build } from 'rolldown';
const { output } = await build({
  cwd: ${JSON.stringify(workspace)},
  input: 'apps/agent/src/main.ts',
  platform: 'node',
  tsconfig: 'apps/agent/tsconfig.json',
  logLevel: 'warn',
  write: false,
  output: { format: 'cjs' },
});
const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));
const early = new Set();
const outside = new Set();
const reach = (name) => {
  const chunk = chunks.get(name);
  if (chunk === undefined) outside.add(name);
  else if (!early.has(chunk)) {
    early.add(chunk);
    chunk.imports.forEach(reach);
  }
};
reach(output.find(({ isEntry }) => isEntry).fileName);
const modules = [...early].flatMap((chunk) => Object.keys(chunk.modules));
process.stdout.write(JSON.stringify({ modules, outside: [...outside] }));
`;

describe('the early part of the agent', () => {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: workspace,
    encoding: 'utf8',
  });
  const { modules, outside } = JSON.parse(child.stdout || '{}') as {
    modules: string[];
    outside: string[];
  };
  const files = modules.map((file) => path.relative(workspace, file));

  it('has the way to the retrieved files', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'apps/agent/src/backend/kernel/kernel-arrival.ts',
        'apps/agent/src/backend/kernel/retrieve-sessions.ts',
        'libs/linux/src/live-update/device.ts',
      ]),
    );
  });

  it('has no package, no control plane, no journal and no workloads in it', () => {
    const late =
      /node_modules|^apps\/agent\/src\/(link|journal|workloads|simulate|backend\/engine)\//;
    expect(files.filter((file) => late.test(file))).toEqual([]);
    expect(files).not.toContain('apps/agent/src/run/run-agent.ts');
  });

  it('loads none of the larger parts of Node', () => {
    const large =
      /^node:(child_process|dns|fs\/promises|http2?|https|net|tls|worker_threads|zlib)$/;
    expect(outside).toContain('node:fs');
    expect(outside.filter((name) => large.test(name) || !name.startsWith('node:'))).toEqual([]);
  });
});

describe('namesKernelBackend', () => {
  it.each([
    '{"hostName": "a", "backend": "kernel"}',
    'hostName: a\nbackend: kernel\n',
    'backend: "kernel" # for updates\n',
    "stateDir: /x\nbackend:   'kernel'",
  ])('sees it in %j', (text) => expect(namesKernelBackend(text)).toBe(true));

  it.each([
    '{"backend": "engine", "labels": {"backend": "kernel"}}',
    'backend: engine\nlabels:\n  backend: kernel\n',
    'backend: kernels',
    '# backend: kernel',
    'null',
    '',
    // Right, but for the YAML parser to say.
    '{backend: kernel}',
  ])('does not see it in %j', (text) => expect(namesKernelBackend(text)).toBe(false));
});

it('keeps inherited descriptors from children, whatever the backend is', async () => {
  const [session, record] = [memfdCreate('session'), memfdCreate('record')];
  setCloseOnExec(session, false);
  writeSync(record, `arrival 1 ${process.pid}\nsession ${session} luofleet\n`);
  process.env.LUOFLEET_ARRIVAL = String(record);
  const early = await earlyPart('/nonexistent');
  expect(early.arrival).toBeNull();
  expect(early.record?.sessions.get('luofleet')?.outcome).toBe(session);
  expect(process.env.LUOFLEET_ARRIVAL).toBeUndefined();
  expect(getCloseOnExec(session)).toBe(true);
  closeDescriptor(session);
});
