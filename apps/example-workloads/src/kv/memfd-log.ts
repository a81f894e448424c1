// The key-value store's data: an append-only log of records in a memfd.
//
// Layout, little endian. Header: magic "LUOFKV01" (8 bytes), end of the log as u64. Records from byte 16 on: key bytes
// u32, value bytes u32 (0xffffffff: the key was deleted), key, value. A record counts once the end in the header lies
// behind it, so a process killed while writing leaves the state before that write.
// The memory file is the truth and the index is made from it: whoever holds the descriptor can go on.
import { createHash } from 'node:crypto';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { memfdCreate } from '@luofleet/linux';

const MAGIC = 'LUOFKV01';
const HEADER_BYTES = 16;
const RECORD_HEADER_BYTES = 8;
const DELETED = 0xffff_ffff;
/** A log that is never rewritten must end somewhere; a store that needs more is not an example any more. */
const LOG_BYTES_MAX = 2 ** 30;

/** The store is full: 507. */
export class LogFullError extends Error {
  constructor() {
    super(`the log may have ${LOG_BYTES_MAX} bytes`);
    this.name = 'LogFullError';
  }
}

export class MemfdLog {
  private values = new Map<string, Buffer>();
  private end = HEADER_BYTES;

  private constructor(readonly fd: number) {}

  static create(): MemfdLog {
    const log = new MemfdLog(memfdCreate('luofleet-kv', { size: HEADER_BYTES }));
    writeSync(log.fd, MAGIC, 0, 'latin1');
    log.writeEnd(HEADER_BYTES);
    return log;
  }

  /** Goes on with the content of a descriptor. Throws when it is not such a log. */
  static adopt(fd: number): MemfdLog {
    const log = new MemfdLog(fd);
    log.load();
    return log;
  }

  /** Reads the memory file again: another instance may have written to it. */
  load(): void {
    const bytes = Buffer.alloc(fstatSync(this.fd).size);
    readSync(this.fd, bytes, 0, bytes.length, 0);
    if (bytes.toString('latin1', 0, 8) !== MAGIC)
      throw new Error('the memory file is no key-value log');
    const end = Number(bytes.readBigUInt64LE(8));
    if (end < HEADER_BYTES || end > bytes.length)
      throw new Error(`the log ends at ${end}, outside of it`);
    this.values = new Map();
    let at = HEADER_BYTES;
    while (at < end) {
      const keyBytes = bytes.readUInt32LE(at);
      const valueBytes = bytes.readUInt32LE(at + 4);
      const keyEnd = at + RECORD_HEADER_BYTES + keyBytes;
      const valueEnd = valueBytes === DELETED ? keyEnd : keyEnd + valueBytes;
      if (valueEnd > end) throw new Error(`the record at ${at} reaches past the end of the log`);
      const key = bytes.toString('utf8', at + RECORD_HEADER_BYTES, keyEnd);
      this.remember(
        key,
        valueBytes === DELETED ? null : Buffer.from(bytes.subarray(keyEnd, valueEnd)),
      );
      at = valueEnd;
    }
    this.end = end;
  }

  get size(): number {
    return this.values.size;
  }

  get(key: string): Buffer | undefined {
    return this.values.get(key);
  }

  put(key: string, value: Buffer): void {
    this.append(key, value);
    this.remember(key, value);
  }

  /** False when there is no such key. */
  delete(key: string): boolean {
    if (!this.values.has(key)) return false;
    this.append(key, null);
    this.remember(key, null);
    return true;
  }

  /** sha256 over keys and values in order of the keys; equal for equal content whatever its history. */
  hash(): string {
    const hash = createHash('sha256');
    for (const key of [...this.values.keys()].sort()) {
      const value = this.values.get(key) ?? Buffer.alloc(0);
      const keyBytes = Buffer.from(key);
      const sizes = Buffer.alloc(8);
      sizes.writeUInt32LE(keyBytes.length, 0);
      sizes.writeUInt32LE(value.length, 4);
      hash.update(sizes).update(keyBytes).update(value);
    }
    return hash.digest('hex');
  }

  private remember(key: string, value: Buffer | null): void {
    if (value === null) this.values.delete(key);
    else this.values.set(key, value);
  }

  private append(key: string, value: Buffer | null): void {
    const record = encode(key, value);
    if (this.end + record.length > LOG_BYTES_MAX) throw new LogFullError();
    writeAt(this.fd, record, this.end);
    this.writeEnd(this.end + record.length);
  }

  private writeEnd(end: number): void {
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt(end));
    writeAt(this.fd, field, 8);
    this.end = end;
  }
}

function encode(key: string, value: Buffer | null): Buffer {
  const keyBytes = Buffer.from(key);
  const header = Buffer.alloc(RECORD_HEADER_BYTES);
  header.writeUInt32LE(keyBytes.length, 0);
  header.writeUInt32LE(value === null ? DELETED : value.length, 4);
  return Buffer.concat([header, keyBytes, value ?? Buffer.alloc(0)]);
}

function writeAt(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
