// Builds the lab's kernels, or finds them in the cache.
//
// Happy path: the cache holds an entry for our configuration: done, without asking the network.
// Else: fetch the source package, unpack, configure, build once per variant. Variants differ in their release string
// only, so every build after the first relinks a few files (seconds).
// Unhappy paths: a failing command ends with its output and what to do; a half-made entry is never seen, because an
// entry appears by one rename. Two builds at a time wait for each other.
// Ordering: an entry is named by source version and by a digest of the configuration and of RECIPE.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import path from 'node:path';
import { withMachineLock } from '../bootstrap/machine-lock.mjs';
import { SetupError } from '../bootstrap/setup-error.mjs';
import {
  downloadSource,
  newestSourceVersion,
  openPackageSource,
  SOURCE_PACKAGE,
} from './package-source.mjs';
import { ensureBuildPackages } from './prerequisites.mjs';
import { runCommand } from '../bootstrap/run-command.mjs';

/**
 * The kernels. Each has its own release string: `a` and `b` differ in nothing else; `nomemfd` lacks the one file handler
 * there is, so it can not read what another kernel preserved (its device answers EIO). `without` accumulates: put
 * variants that lack something last.
 */
const VARIANTS = [{ name: 'a' }, { name: 'b' }, { name: 'nomemfd', without: 'LIVEUPDATE_MEMFD' }];
const NICENESS = 19;
/** A build takes minutes; on two busy cores it has taken a quarter of an hour. */
const BUILD_LIMIT_MS = 60 * 60_000;
/** To be raised when a change here makes other kernels out of the same configuration. */
const RECIPE = 1;
const fragment = path.join(import.meta.dirname, 'kernel.config');

/** Where the lab keeps kernels and root file systems; outside every checkout. */
export const labCache = path.join(
  process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'),
  'luofleet',
  'kernel-lab',
);

/**
 * The lab's kernels: `{version, configuration, kernels: {a: {path, release, sha256}, b: ...}, cached}`.
 * `refresh` looks for a newer source package even when the cache could serve.
 */
export async function ensureKernels({ refresh = false, note = () => {} } = {}) {
  const configuration = configurationDigest();
  const kernelsDirectory = path.join(labCache, 'kernels');
  mkdirSync(kernelsDirectory, { recursive: true });
  return withMachineLock(
    `kernel lab ${kernelsDirectory}`,
    async () => {
      const found = refresh ? undefined : findEntry(kernelsDirectory, configuration);
      if (found !== undefined) return { ...found, cached: true };
      await ensureBuildPackages(note);
      removeLeftovers();
      const work = path.join(labCache, `building-${process.pid}`);
      try {
        return await buildInto(work, kernelsDirectory, configuration, note);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
    () => note('Waiting for another build'),
  );
}

function configurationDigest() {
  const hash = createHash('sha256');
  hash.update(readFileSync(fragment)).update(`recipe ${RECIPE} ${JSON.stringify(VARIANTS)}`);
  return hash.digest('hex').slice(0, 12);
}

function findEntry(directory, configuration) {
  const entries = readdirSync(directory)
    .filter((name) => name.endsWith(`_${configuration}`))
    .map((name) => path.join(directory, name, 'build.json'))
    .filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return entries.length === 0 ? undefined : JSON.parse(readFileSync(entries[0], 'utf8'));
}

/** What builds that were cut off left behind; we hold the lock, so nobody uses it. */
function removeLeftovers() {
  const left = readdirSync(labCache).filter((name) => name.startsWith('building-'));
  for (const name of left) rmSync(path.join(labCache, name), { recursive: true, force: true });
}

async function buildInto(work, kernelsDirectory, configuration, note) {
  mkdirSync(work, { recursive: true });
  const options = openPackageSource(path.join(work, 'apt'));
  const version = await newestSourceVersion(options);
  const entry = path.join(
    kernelsDirectory,
    `${version.replace(/[^\w.+-]/g, '-')}_${configuration}`,
  );
  if (existsSync(path.join(entry, 'build.json'))) {
    return { ...JSON.parse(readFileSync(path.join(entry, 'build.json'), 'utf8')), cached: true };
  }
  const source = await unpackSource(options, version, work, note);
  await configure(source);
  const made = path.join(work, 'entry');
  mkdirSync(made);
  copyFileSync(path.join(source, '.config'), path.join(made, 'config'));
  const kernels = {};
  for (const variant of VARIANTS) {
    note(`Building kernel ${variant.name} of ${SOURCE_PACKAGE} ${version}`);
    kernels[variant.name] = await buildVariant(source, variant, made, entry);
  }
  const result = { version, configuration, kernels };
  writeFileSync(path.join(made, 'build.json'), `${JSON.stringify(result, null, 2)}\n`);
  rmSync(entry, { recursive: true, force: true });
  renameSync(made, entry);
  return { ...result, cached: false };
}

async function unpackSource(options, version, work, note) {
  note(`Fetching ${SOURCE_PACKAGE} ${version}`);
  const deb = await downloadSource(options, version, work);
  const unpacked = path.join(work, 'package');
  await runCommand('dpkg-deb', ['-x', deb, unpacked]);
  const source = path.join(work, 'source');
  mkdirSync(source);
  const archive = path.join(unpacked, 'usr/src', `${SOURCE_PACKAGE}.tar.xz`);
  await runCommand('tar', ['-C', source, '--strip-components=1', '-xf', archive]);
  return source;
}

/** tinyconfig with our fragment over it; an option that did not survive is an error, not a surprise at run time. */
async function configure(source) {
  await runCommand('make', ['tinyconfig'], { cwd: source });
  const merge = ['scripts/kconfig/merge_config.sh', '-m', '.config', fragment];
  await runCommand('sh', merge, { cwd: source });
  await runCommand('make', ['olddefconfig'], { cwd: source });
  const made = new Set(readFileSync(path.join(source, '.config'), 'utf8').split('\n'));
  const wanted = readFileSync(fragment, 'utf8').split('\n');
  const lost = wanted.filter((line) => line.startsWith('CONFIG_') && !made.has(line));
  if (lost.length > 0) {
    throw new SetupError(`The kernel's configuration dropped ${lost.join(', ')}`, {
      advice: `Correct ${fragment}: an option it names has no effect in this source version.`,
    });
  }
}

async function buildVariant(source, { name, without }, made, entry) {
  const startedAt = performance.now();
  if (without !== undefined) {
    await runCommand('scripts/config', ['--disable', without], { cwd: source });
    await runCommand('make', ['olddefconfig'], { cwd: source });
  }
  const args = [`-j${availableParallelism()}`, `LOCALVERSION=-luofleet-${name}`, 'bzImage'];
  // Fixed stamps: the same source and configuration give the same image.
  const env = {
    KBUILD_BUILD_TIMESTAMP: '1970-01-01',
    KBUILD_BUILD_USER: 'luofleet',
    KBUILD_BUILD_HOST: 'kernel-lab',
  };
  const limitMs = BUILD_LIMIT_MS;
  await runCommand('make', args, { cwd: source, env, niceness: NICENESS, limitMs });
  const file = `bzImage-${name}`;
  copyFileSync(path.join(source, 'arch/x86/boot/bzImage'), path.join(made, file));
  const image = readFileSync(path.join(made, file));
  return {
    path: path.join(entry, file),
    release: readFileSync(path.join(source, 'include/config/kernel.release'), 'utf8').trim(),
    sha256: createHash('sha256').update(image).digest('hex'),
    buildMs: Math.round(performance.now() - startedAt),
  };
}
