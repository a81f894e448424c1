// Compiles the agent's native program, and the test programs of its parts, for specs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const native = path.resolve(__dirname, '../../native');
const strict = ['-O1', '-g', '-std=gnu11', '-Wall', '-Wextra', '-Werror'];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Path of the compiled `source`, which ends with the spec. Needs gcc, which `npm test` sees to. */
export function compileNativeProgram(source: string, flags: readonly string[] = []): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-native-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const target = path.join(directory, path.parse(source).name);
  execFileSync('gcc', [...strict, ...flags, '-o', target, path.join(native, source)]);
  return target;
}

/** The same with the checks of the address sanitizer. */
export const compileNativeTest = (source: string) => compileNativeProgram(source, sanitizers);
