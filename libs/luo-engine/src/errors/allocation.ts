import { LuoError } from './luo-error';

/**
 * Runs something that takes memory from the runtime, which answers a want of it with a RangeError. (By name: tests and workers
 * may have one of their own.)
 * @throws LuoError ENOMEM
 */
export function allocating<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if ((cause as Error).name !== 'RangeError') throw cause;
    const detail = `no memory for ${what}; preserve less, or give the process more`;
    throw new LuoError('ENOMEM', 'allocate', {}, detail, { cause });
  }
}
