import { readFileSync } from 'node:fs';

/** Compatible strings of the file handlers in Linux 7.3: memfd alone (D13). */
export const kernelHandlers = { memfd: 'memfd-v2' } as const;

/** The ABI of the kernels this agent was written against. */
const KNOWN_ABI = 'luo-v5';
const LUO_BLOB = '/sys/kernel/debug/kho/out/sub_fdts/LUO';

/** ABI string of the running kernel's live update: its own word where debugfs is mounted, else the known one. */
export function runningLuoAbi(): string {
  try {
    return /luo-v\d+/.exec(readFileSync(LUO_BLOB, 'latin1'))?.[0] ?? KNOWN_ABI;
  } catch {
    return KNOWN_ABI;
  }
}
