// Compiles a C program of ours. Static where the machine's C library can be linked so, because it runs before anything else of
// a host is read.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Null once `target` is there, else the words of the compiler, or that there is none. */
export function compileNative(source, target) {
  mkdirSync(path.dirname(target), { recursive: true });
  const flags = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-o', target, source];
  let words = '';
  for (const linking of [['-static'], []]) {
    const { status, error, stderr } = spawnSync('gcc', [...linking, ...flags], {
      encoding: 'utf8',
    });
    if (error !== undefined) return `gcc can not be run: ${error.message}`;
    if (status === 0) return null;
    words = stderr;
  }
  return words;
}
