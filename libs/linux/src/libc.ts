// The C library, bound once at first use. Everything else in this library calls through `call`, which turns -1 into a
// LinuxError with the errno of that very call.
import { loadKoffi } from './koffi-loader';
import { LinuxError } from './linux-error';

const prototypes = {
  memfd_create: 'int memfd_create(const char *name, unsigned int flags)',
  fcntl: 'int fcntl(int fd, int command, long argument)',
  fcntlLock: 'int fcntl(int fd, int command, void *argument)',
  pipe2: 'int pipe2(void *ends, int flags)',
  socket: 'int socket(int domain, int type, int protocol)',
  lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
  ioctl: 'int ioctl(int fd, unsigned long request, void *argument)',
  ioctlAddress: 'int ioctl(int fd, unsigned long request, intptr_t argument)',
  execve: 'int execve(const char *path, const char **argv, const char **envp)',
  waitpid: 'int waitpid(int pid, void *status, int options)',
  waitid: 'int waitid(int type, int id, void *info, int options)',
  kill: 'int kill(int pid, int signal)',
  alarm: 'unsigned int alarm(unsigned int seconds)',
  signal: 'void *signal(int number, void *action)',
  prctl:
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  reboot: 'int reboot(int command)',
  sync: 'void sync()',
  getrlimit: 'int getrlimit(int resource, void *limit)',
  setrlimit: 'int setrlimit(int resource, const void *limit)',
  mmap: 'void *mmap(void *hint, size_t length, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(void *address, size_t length)',
  pidfd: 'long syscall(long number, long a, long b, long c, long d)',
  kexecFileLoad:
    'long syscall(long number, long kernel, long initrd, size_t length, const char *line, unsigned long flags)',
} as const;

type LibcFunction = keyof typeof prototypes;

const bound = new Map<LibcFunction, (...args: unknown[]) => unknown>();
let library: ReturnType<ReturnType<typeof loadKoffi>['load']> | undefined;

function bind(name: LibcFunction): (...args: unknown[]) => unknown {
  let fn = bound.get(name);
  if (fn === undefined) {
    library ??= loadKoffi().load('libc.so.6');
    fn = library.func(prototypes[name]);
    bound.set(name, fn);
  }
  return fn;
}

/** Calls without looking at the result; for functions that do not report through errno. */
export const callRaw = (name: LibcFunction, ...args: unknown[]): unknown => bind(name)(...args);

/** What is being done and to what, for the error message. */
export interface CallSubject {
  operation: string;
  subject: string;
}

/** Calls, and throws LinuxError when the result is -1. */
export function call(about: CallSubject, name: LibcFunction, ...args: unknown[]): number {
  const result = Number(bind(name)(...args));
  if (result === -1) throw new LinuxError(loadKoffi().errno(), about.operation, about.subject);
  return result;
}
