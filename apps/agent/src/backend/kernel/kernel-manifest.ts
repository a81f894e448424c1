// What the next kernel's agent must know, in a memfd under token 0 of the agent's own session: a host without a
// writable disk has nothing else.
//
// Layout, little endian: magic "LUOFLEET", version u32, JSON bytes u32, sha256 of the JSON (32 bytes), JSON (u64 values as
// {"u64":"…"}), the retrieval plan (retrieval-plan.ts; nobody here reads it, and earlier agents wrote none).
// Unhappy paths: anything torn, foreign or newer is refused whole with ManifestError.
import { createHash } from 'node:crypto';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { memfdCreate } from '@luofleet/linux';
import type { SessionStatus } from '../../model/command';
import type { AgentSettings } from '../../settings/agent-settings';
import { retrievalPlan } from './retrieval-plan';

export interface KernelManifest {
  /** Key of the reboot command. */
  key: string;
  /** `uname -r` before. */
  fromRelease: string;
  imageSha256: string;
  /** What the host is known by; absent where an earlier agent wrote the manifest. */
  machineId?: string;
  /** Names, tokens and owners of all sessions. */
  sessions: SessionStatus[];
  /** Descriptors that stay behind, because their workload said that it can do without. */
  leftBehind: Array<{ workload: string; name: string }>;
  /** When workloads stopped serving, wall clock. */
  frozenAtMs: number;
  /** And for how long when this was written, whatever the wall clock says. Absent where an earlier agent wrote the manifest. */
  frozenForMs?: number;
  /** The journal's lines. */
  journal: string;
  /**
   * The configuration file as it was, and what it means: spares the next agent parsing the same text again. Absent where an
   * earlier agent wrote the manifest.
   */
  configuration?: CarriedConfiguration;
}

/** A configuration file with its meaning, and all that the meaning depends on. */
export interface CarriedConfiguration {
  text: string;
  /** Absolute path: other paths in it are relative to its directory. */
  file: string;
  /** Version of the agent that read it: defaults are the agent's. */
  agentVersion: string;
  settings: AgentSettings;
}

export class ManifestError extends Error {
  readonly code = 'MANIFEST_UNREADABLE';
  constructor(detail: string, options?: ErrorOptions) {
    super(`the manifest of the previous kernel can not be used: ${detail}`, options);
    this.name = 'ManifestError';
  }
}

const MAGIC = 'LUOFLEET';
const VERSION = 1;
const HEADER_BYTES = 48;

/** Writes the manifest into a new memfd and returns it. */
export function writeManifest(manifest: KernelManifest): number {
  const json = Buffer.from(
    JSON.stringify(manifest, (_key, value: unknown) =>
      typeof value === 'bigint' ? { u64: value.toString() } : value,
    ),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(json.length, 12);
  createHash('sha256').update(json).digest().copy(header, 16);
  const fd = memfdCreate('luofleet-manifest');
  const bytes = Buffer.concat([header, json, retrievalPlan(manifest.sessions)]);
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, done);
  }
  return fd;
}

/** Reads and checks what `writeManifest` wrote. Throws ManifestError. */
export function readManifest(fd: number): KernelManifest {
  let bytes: Buffer;
  try {
    bytes = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, bytes, 0, bytes.length, 0);
  } catch (cause) {
    throw new ManifestError('it can not be read', { cause });
  }
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) {
    throw new ManifestError('it does not start with its magic');
  }
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) throw new ManifestError(`it has version ${version}, not ${VERSION}`);
  const end = HEADER_BYTES + bytes.readUInt32LE(12);
  if (end > bytes.length) throw new ManifestError('it is cut off');
  const json = bytes.subarray(HEADER_BYTES, end);
  if (!createHash('sha256').update(json).digest().equals(bytes.subarray(16, HEADER_BYTES))) {
    throw new ManifestError('its digest is wrong');
  }
  return JSON.parse(json.toString('utf8'), (_key, value: unknown) =>
    isU64(value) ? BigInt(value.u64) : value,
  ) as KernelManifest;
}

const isU64 = (value: unknown): value is { u64: string } =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { u64?: unknown }).u64 === 'string';
