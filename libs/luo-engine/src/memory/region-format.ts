/**
 * DOC: layout of the handover region, version 2, little endian
 *
 *     0  magic "LUOFLEET"        32  luo_ser: compatible[8] "luo-v5"
 *     8  format version u32      40           liveupdate number u64
 *    12  page size u32           48           sessions address u64
 *    16  region size u64         56           shared objects address u64
 *    24  checksum u32            64  allocation table address u64
 *    28  reserved u32, 0         72  allocation count u64
 *
 * The header is page 0. The table, one entry {first page u32, pages u32} per allocation in ascending order,
 * follows the last page in use. The 32 bytes at 32 are the kernel's `struct luo_ser` as it is (D12).
 */
import { LuoError } from '../errors/luo-error';
import { decodeField, encodeField } from '../wire/c-string';
import { checksum } from '../wire/checksum';
import { viewOf } from '../wire/little-endian';
import type { HandoverRoot } from './handover-memory';

/** Version string of the kernel's own structures inside the region. */
export const LUO_ABI_COMPATIBLE = 'luo-v5';
export const REGION_FORMAT_VERSION = 2;
export const ALLOCATION_ENTRY_BYTES = 8;

const MAGIC = 'LUOFLEET';
const CHECKSUM_OFFSET = 24;
const HEADER_BYTES = 80;
/** Smallest page that holds the header, and the largest any Linux uses. */
const PAGE_SIZE_MIN = 256;
const PAGE_SIZE_MAX = 2 ** 20;

/** A run of pages given to one caller. */
export interface Allocation {
  readonly firstPage: number;
  readonly pages: number;
}

export interface RegionContent {
  readonly root: HandoverRoot;
  readonly allocations: readonly Allocation[];
}

/** True for a power of two that can be a page size. */
export function isPageSize(size: number): boolean {
  return (
    Number.isInteger(size) &&
    size >= PAGE_SIZE_MIN &&
    size <= PAGE_SIZE_MAX &&
    (size & (size - 1)) === 0
  );
}

/** Pages that a table of this many allocations takes. */
export function tablePages(allocations: number, pageSizeBytes: number): number {
  return Math.ceil((allocations * ALLOCATION_ENTRY_BYTES) / pageSizeBytes);
}

/** Marks a region as not handed over: it is refused until the header is written again. */
export function eraseHeader(region: Uint8Array): void {
  region.fill(0, 0, HEADER_BYTES);
}

/** Writes table, header and checksum into a region whose pages are in place. */
export function writeRegion(
  region: Uint8Array,
  pageSizeBytes: number,
  tableAddress: number,
  content: RegionContent,
): void {
  const view = viewOf(region);
  region.fill(0, tableAddress);
  let at = tableAddress;
  for (const { firstPage, pages } of content.allocations) {
    view.setUint32(at, firstPage, true);
    view.setUint32(at + 4, pages, true);
    at += ALLOCATION_ENTRY_BYTES;
  }
  region.fill(0, 0, HEADER_BYTES);
  for (let i = 0; i < MAGIC.length; i++) region[i] = MAGIC.charCodeAt(i);
  view.setUint32(8, REGION_FORMAT_VERSION, true);
  view.setUint32(12, pageSizeBytes, true);
  view.setBigUint64(16, BigInt(region.length), true);
  region.set(encodeField(LUO_ABI_COMPATIBLE, 8), 32);
  view.setBigUint64(40, content.root.liveUpdateNumber, true);
  view.setBigUint64(48, content.root.sessionsAddress, true);
  view.setBigUint64(56, content.root.sharedObjectsAddress, true);
  view.setBigUint64(64, BigInt(tableAddress), true);
  view.setBigUint64(72, BigInt(content.allocations.length), true);
  sealChecksum(region);
}

/** Recomputes the checksum of a region in place. */
export function sealChecksum(region: Uint8Array): void {
  viewOf(region).setUint32(CHECKSUM_OFFSET, checksum(region, CHECKSUM_OFFSET), true);
}

function refuse(code: 'EINVAL' | 'EPROTO' | 'EBADMSG', detail: string): never {
  const advice = 'Nothing was restored; boot without this region.';
  throw new LuoError(code, 'boot', {}, `the handover region ${detail}. ${advice}`);
}

/** Page size named by a region's header, or null when there is no readable header. */
export function regionPageSize(region: Uint8Array): number | null {
  if (region.length < HEADER_BYTES) return null;
  const size = viewOf(region).getUint32(12, true);
  return isPageSize(size) ? size : null;
}

/**
 * Reads and checks a whole region.
 * @throws LuoError EINVAL (not a region, impossible sizes or table), EPROTO (other version), EBADMSG (torn)
 */
export function readRegion(region: Uint8Array, pageSizeBytes: number): RegionContent {
  if (region.length < HEADER_BYTES) refuse('EINVAL', `has only ${region.length} bytes`);
  const view = viewOf(region);
  for (let i = 0; i < MAGIC.length; i++) {
    if (region[i] !== MAGIC.charCodeAt(i)) refuse('EINVAL', 'does not start with "LUOFLEET"');
  }
  const version = view.getUint32(8, true);
  if (version !== REGION_FORMAT_VERSION) {
    refuse('EPROTO', `has format version ${version}, not ${REGION_FORMAT_VERSION}`);
  }
  const regionBytes = view.getBigUint64(16, true);
  if (regionBytes !== BigInt(region.length) || region.length % pageSizeBytes !== 0) {
    refuse('EBADMSG', `names a size of ${regionBytes} bytes but has ${region.length}`);
  }
  if (view.getUint32(CHECKSUM_OFFSET, true) !== checksum(region, CHECKSUM_OFFSET)) {
    refuse('EBADMSG', 'is torn: its checksum does not match');
  }
  if (view.getUint32(12, true) !== pageSizeBytes) refuse('EINVAL', 'has another page size');
  const abi = decodeField(view, 32, 8);
  if (abi !== LUO_ABI_COMPATIBLE) {
    refuse('EPROTO', `speaks "${abi ?? '?'}", this engine "${LUO_ABI_COMPATIBLE}"`);
  }
  const root: HandoverRoot = {
    liveUpdateNumber: view.getBigUint64(40, true),
    sessionsAddress: view.getBigUint64(48, true),
    sharedObjectsAddress: view.getBigUint64(56, true),
  };
  return { root, allocations: readTable(view, pageSizeBytes) };
}

function readTable(view: DataView, pageSizeBytes: number): Allocation[] {
  const tableAddress = view.getBigUint64(64, true);
  const count = view.getBigUint64(72, true);
  const end = BigInt(view.byteLength);
  if (tableAddress % BigInt(pageSizeBytes) !== 0n || tableAddress === 0n || tableAddress > end) {
    refuse('EINVAL', 'names an impossible allocation table');
  }
  if (count > (end - tableAddress) / BigInt(ALLOCATION_ENTRY_BYTES)) {
    refuse('EINVAL', `names ${count} allocations, more than fit`);
  }
  const allocations: Allocation[] = [];
  const pagesEnd = Number(tableAddress) / pageSizeBytes;
  let free = 1;
  let at = Number(tableAddress);
  for (let i = 0; i < Number(count); i++, at += ALLOCATION_ENTRY_BYTES) {
    const firstPage = view.getUint32(at, true);
    const pages = view.getUint32(at + 4, true);
    if (firstPage < free || pages === 0 || firstPage + pages > pagesEnd) {
      refuse('EINVAL', 'has an allocation outside of it or inside another');
    }
    allocations.push({ firstPage, pages });
    free = firstPage + pages;
  }
  return allocations;
}
