// Fetches the kernel's source package through apt with a source list of its own, so that the machine's lists and
// preferences stay as they are. Where the packages come from is read from the machine's own apt sources.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { runCommand } from '../bootstrap/run-command.mjs';

export const SOURCE_PACKAGE = 'linux-source-7.3';
const SUITE = 'trixie-backports';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Apt pointed at our own list, with its own state below `directory`. */
export function openPackageSource(directory) {
  for (const folder of ['lists/partial', 'archives/partial']) {
    mkdirSync(path.join(directory, folder), { recursive: true });
  }
  const { uri, signedBy } = debianArchive();
  const list = path.join(directory, 'kernel-lab.list');
  writeFileSync(list, `deb [signed-by=${signedBy}] ${uri} ${SUITE} main\n`);
  return Object.entries({
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': path.join(directory, 'lists'),
    'Dir::Cache': directory,
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** Refreshes our lists and returns the newest version of the source package. */
export async function newestSourceVersion(options) {
  const advice = `The suite ${SUITE} must be reachable through this machine's Debian mirror.`;
  await runCommand('apt-get', ['update', '-qq', ...options], { advice });
  const policy = await runCommand('apt-cache', [...options, 'policy', SOURCE_PACKAGE], { advice });
  const version = /Candidate: (\S+)/.exec(policy)?.[1];
  if (version === undefined || version === '(none)') {
    throw new SetupError(`${SUITE} holds no package ${SOURCE_PACKAGE}`, { advice });
  }
  return version;
}

/** Downloads the package into `directory` and returns the file. */
export async function downloadSource(options, version, directory) {
  const advice = `The suite ${SUITE} must be reachable through this machine's Debian mirror.`;
  const wanted = `${SOURCE_PACKAGE}=${version}`;
  await runCommand('apt-get', ['download', '-qq', ...options, wanted], { cwd: directory, advice });
  const file = readdirSync(directory).find((name) => name.startsWith(`${SOURCE_PACKAGE}_`));
  if (file === undefined) throw new SetupError(`apt-get download left no ${wanted}`);
  return path.join(directory, file);
}

/** The archive that serves this machine's own Debian release, from either format of apt's source files. */
export function debianArchive(etc = '/etc') {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(readText(path.join(etc, 'os-release')))?.[1];
  const entries = sourceFiles(path.join(etc, 'apt')).flatMap((file) =>
    file.endsWith('.sources') ? deb822Entries(readText(file)) : oneLineEntries(readText(file)),
  );
  const entry = entries.find(
    ({ suites, components }) => suites.includes(codename) && components.includes('main'),
  );
  if (entry === undefined) {
    throw new SetupError(`No apt source below ${etc}/apt serves the suite ${codename}`, {
      advice: 'The kernel lab takes the address of the Debian archive from there.',
    });
  }
  return { uri: entry.uri, signedBy: entry.signedBy ?? KEYRING };
}

const readText = (file) => readFileSync(file, 'utf8');

function sourceFiles(directory) {
  const parts = path.join(directory, 'sources.list.d');
  const listed = tryList(parts).map((name) => path.join(parts, name));
  const single = tryList(directory).includes('sources.list')
    ? [path.join(directory, 'sources.list')]
    : [];
  return [...single, ...listed].filter((file) => /\.(list|sources)$/.test(file));
}

function tryList(directory) {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function deb822Entries(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) =>
      new RegExp(`^${name}:[ \\t]*(.+)$`, 'mi').exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return [];
    const common = { suites: field('Suites'), components: field('Components') };
    return field('URIs').map((uri) => ({
      uri,
      signedBy: keyringFile(field('Signed-By')[0]),
      ...common,
    }));
  });
}

function oneLineEntries(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null) return [];
    const [, options = '', uri, suite, components] = match;
    const signedBy = keyringFile(/signed-by=(\S+)/.exec(options)?.[1]);
    return [{ uri, signedBy, suites: [suite], components: components.trim().split(/\s+/) }];
  });
}

const keyringFile = (value) => (value?.startsWith('/') ? value : undefined);
