import { HandlerError } from '../errors/errno';

/**
 * The state behind data handles, as a kernel's memory would hold it across reboots: opened by preserve, closed
 * exactly once by unpreserve or finish. Closing anything else is a double free and is kept as a fault.
 */
export class HandleLedger {
  readonly #open = new Map<bigint, string>();
  /** Misuse that was seen; tests expect it to stay empty. */
  readonly faults: string[] = [];
  #next = 1n;

  open(name: string): bigint {
    const handle = this.#next;
    this.#next += 1n;
    this.#open.set(handle, name);
    return handle;
  }

  /** The name behind a handle. */
  nameOf(handle: bigint): string {
    const name = this.#open.get(handle);
    if (name !== undefined) return name;
    this.faults.push(`handle ${handle} names nothing`);
    throw new HandlerError('EINVAL', `handle ${handle} names nothing`);
  }

  close(handle: bigint): void {
    this.nameOf(handle);
    this.#open.delete(handle);
  }

  get openCount(): number {
    return this.#open.size;
  }
}
