// The Debian packages that the lab needs; what is missing is installed through apt.
import { runCommand } from '../bootstrap/run-command.mjs';

const building = [
  'bc',
  'binutils',
  'bison',
  'dpkg-dev',
  'flex',
  'gcc',
  'libc6-dev',
  'libelf-dev',
  'libssl-dev',
  'lz4',
  'make',
  'rsync',
  'xz-utils',
];
/** The compiler is for the program in front of the agent. */
const running = ['busybox-static', 'gcc', 'libc6-dev', 'qemu-system-x86', 'util-linux'];

/** Installs what building a kernel needs. */
export const ensureBuildPackages = (note) => ensurePackages(building, note);

/** Installs what running machines needs. */
export const ensureMachinePackages = (note) => ensurePackages(running, note);

/** Installs these packages where they are missing. */
export async function ensurePackages(names, note) {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  note(`Installing ${missing.join(', ')}`);
  const advice = `Install them yourself (as root): apt-get install ${missing.join(' ')}`;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  try {
    await runCommand('apt-get', [...install, ...missing], { env, advice });
  } catch {
    // The lists may be missing or old: fetch them once, then the second failure counts.
    await runCommand('apt-get', ['update'], { env, advice });
    await runCommand('apt-get', [...install, ...missing], { env, advice });
  }
}

async function missingPackages(names) {
  const advice = 'The kernel lab needs a Debian machine.';
  // dpkg-query fails when it knows nothing of a package, and still reports on the others: its output is what counts.
  const script = `dpkg-query -W -f '\${Package} \${db:Status-Abbrev}\\n' ${names.join(' ')} 2>/dev/null || true`;
  const listed = await runCommand('sh', ['-c', script], { advice });
  const installed = new Set(
    listed
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, status]) => status === 'ii')
      .map(([name]) => name),
  );
  return names.filter((name) => !installed.has(name));
}
