// Fetches redis-server as a Debian package and unpacks it into a cache folder: nothing is installed, and no rights are
// needed. The machine's own package sources and lists are used; where there are no lists, ours are fetched beside them.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { withMachineLock } from './machine-lock.mjs';
import { runCommand } from './run-command.mjs';

const PACKAGE = 'redis-server';
const KEPT = /^(redis|lib)/; // the rest of what the package depends on is for running it as a system service

/** Whether this machine has apt and dpkg. */
export const hasApt = () =>
  ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'].every((file) => existsSync(file));

/** The unpacked server and the environment it needs; fetched when it is not in the cache. */
export async function fetchRedisFromApt(cacheDirectory, note) {
  const root = path.join(cacheDirectory, `redis-${process.arch}`);
  await withMachineLock(`redis in ${root}`, async () => {
    if (existsSync(path.join(root, 'usr/bin/redis-server'))) return;
    note('Fetching redis-server with apt (unpacked into .cache, not installed)');
    await fetchInto(root);
  });
  return {
    command: path.join(root, 'usr/bin/redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: libraryFolders(root).join(':') },
  };
}

async function fetchInto(root) {
  const work = `${root}.${process.pid}`;
  const debs = path.join(work, 'debs');
  mkdirSync(path.join(work, 'lists', 'partial'), { recursive: true });
  mkdirSync(path.join(work, 'archives', 'partial'), { recursive: true });
  mkdirSync(debs);
  try {
    try {
      await download(debs, []);
    } catch {
      const ownLists = ['-o', `Dir::State::lists=${work}/lists`, '-o', `Dir::Cache=${work}`];
      await apt(['update', '-qq', ...ownLists], work);
      await download(debs, ownLists);
    }
    const unpacked = path.join(work, 'root');
    for (const deb of readdirSync(debs))
      await run('dpkg-deb', ['-x', path.join(debs, deb), unpacked], work);
    rmSync(root, { recursive: true, force: true });
    renameSync(unpacked, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(debs, options) {
  // Not --print-uris, which leaves out what apt has fetched at some time before.
  const planned = await apt(
    ['install', '-s', '--no-install-recommends', ...options, PACKAGE],
    debs,
  );
  const names = [...planned.matchAll(/^Inst (\S+) /gm)]
    .map((match) => match[1])
    .filter((name) => KEPT.test(name));
  if (names.length === 0) throw new Error(`apt names no package to fetch for ${PACKAGE}`);
  await apt(['download', '-qq', ...options, ...names], debs);
}

function apt(args, cwd) {
  const always = [
    '-o',
    'Debug::NoLocking=true',
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    'Acquire::Retries=2',
  ];
  return run('apt-get', [...always, ...args], cwd);
}

const run = (command, args, cwd) =>
  runCommand(command, args, { cwd, env: { DEBIAN_FRONTEND: 'noninteractive' } });

function libraryFolders(root) {
  return ['usr/lib', 'lib']
    .map((folder) => path.join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => path.join(folder, name))])
    .filter(
      (folder) =>
        folder.endsWith('/lib') || folder.endsWith('-linux-gnu') || folder.includes('-linux-gnu'),
    );
}
