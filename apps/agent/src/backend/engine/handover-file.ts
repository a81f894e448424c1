// What the next runtime gets in a memfd besides the preserved descriptors themselves.
//
// Layout, little endian: magic "LUOHANDV", version u32, manifest bytes u32, region bytes u64, sha256 of manifest and
// region (32 bytes), manifest (JSON, u64 values as {"u64":"…"}), region (the engine's sealed handover memory).
// Unhappy paths: anything torn, foreign or newer is refused whole with HandoverError; the caller then starts cold.
import { createHash } from 'node:crypto';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { closeDescriptor, memfdCreate } from '@luofleet/linux';
import { REGION_FORMAT_VERSION } from '@luofleet/luo-engine';
import type { SessionStatus } from '../../model/command';
import type { AgentSettings } from '../../settings/agent-settings';
import type { ProcessIdentity } from '../../workloads/process-table';

export interface HandoverManifest {
  /** Key of the reboot command. */
  key: string;
  fromVersion: string;
  imageSha256: string;
  settings: AgentSettings;
  sessions: SessionStatus[];
  /** Descriptors of the sessions' files; an earlier runtime did not tell. */
  fds?: number[];
  /** The quiesced instances that wait for their successors. */
  instances: Array<{ workload: string; instance: string; process: ProcessIdentity }>;
  /** When workloads stopped serving: CLOCK_MONOTONIC in ns (goes on across execve), and wall clock. */
  frozenAtMonotonicNs: bigint;
  frozenAtMs: number;
}

export class HandoverError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`the handover memory can not be used: ${detail}`, options);
    this.name = 'HandoverError';
  }
}

const MAGIC = 'LUOHANDV';
/** 2: regions of format 2. An image that reads 1 only must refuse this memfd, because it would fail on the region. */
const VERSION = 2;
const HEADER_BYTES = 56;

/** What this runtime writes, and the one thing it can read: layout of the memfd, and of the engine's region in it. */
export const handoverFormat = `${VERSION}.${REGION_FORMAT_VERSION}`;

/** Writes manifest and region into a new memfd (close-on-exec until execve) and returns it. */
export function writeHandover(manifest: HandoverManifest, region: Uint8Array): number {
  const json = Buffer.from(
    JSON.stringify(manifest, (_key, value: unknown) =>
      typeof value === 'bigint' ? { u64: value.toString() } : value,
    ),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(json.length, 12);
  header.writeBigUInt64LE(BigInt(region.length), 16);
  createHash('sha256').update(json).update(region).digest().copy(header, 24);
  const fd = memfdCreate('luofleet-handover');
  try {
    let position = 0;
    for (const part of [header, json, region]) {
      for (let done = 0; done < part.length;) {
        const written = writeSync(fd, part, done, part.length - done, position);
        done += written;
        position += written;
      }
    }
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Reads and checks what `writeHandover` wrote. Throws HandoverError. */
export function readHandover(fd: number): { manifest: HandoverManifest; region: Uint8Array } {
  let bytes: Buffer;
  try {
    bytes = Buffer.allocUnsafe(fstatSync(fd).size);
    readSync(fd, bytes, 0, bytes.length, 0);
  } catch (cause) {
    throw new HandoverError(`descriptor ${fd} can not be read`, { cause });
  }
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) {
    throw new HandoverError('it does not start with its magic');
  }
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) throw new HandoverError(`it has version ${version}, not ${VERSION}`);
  const manifestEnd = HEADER_BYTES + bytes.readUInt32LE(12);
  const regionEnd = manifestEnd + Number(bytes.readBigUInt64LE(16));
  if (regionEnd !== bytes.length) throw new HandoverError('its sizes do not add up');
  const digest = createHash('sha256').update(bytes.subarray(HEADER_BYTES)).digest();
  if (!digest.equals(bytes.subarray(24, HEADER_BYTES))) throw new HandoverError('it is torn');
  const manifest = JSON.parse(
    bytes.toString('utf8', HEADER_BYTES, manifestEnd),
    (_key, value: unknown) => (isU64(value) ? BigInt(value.u64) : value),
  ) as HandoverManifest;
  // A copy: the region's own header must start where its buffer does.
  return { manifest, region: new Uint8Array(bytes.subarray(manifestEnd)) };
}

const isU64 = (value: unknown): value is { u64: string } =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { u64?: unknown }).u64 === 'string';
