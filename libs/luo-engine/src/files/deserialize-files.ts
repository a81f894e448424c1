import { restoreChain } from '../blocks/block-chain';
import { restoreBuffer } from '../blocks/contiguous-records';
import type { IncomingRecords } from '../blocks/record-store';
import { failureOf, LuoError } from '../errors/luo-error';
import type { HandlerEntry } from '../handlers/handler-registry';
import {
  FILE_RECORD_BYTES,
  hasCompatible,
  readCompatible,
  readDataHigh,
  readDataLow,
  readTokenHigh,
  readTokenLow,
} from '../wire/file-record';
import type { FileSetRecord } from '../wire/session-record';
import type { FileSetState } from './file-set-state';

/** See `FileSet.deserialize`. */
export function deserializeFiles<TFile>(
  set: FileSetState<TFile>,
  record: Readonly<FileSetRecord>,
): void {
  const { profile, warn } = set.engine;
  if (record.files === 0n) {
    if (record.count !== 0n) {
      const detail = `${record.count} files are claimed without their records`;
      warn({ operation: 'deserialize', subject: set.subject({}), detail });
    }
    return;
  }
  try {
    if (profile.trustsWireCount) set.count = Number(record.count);
    set.incoming = restoreRecords(set, record);
    if (!profile.trustsWireCount) {
      set.index.expect(set.incoming.count);
      set.files.expect(set.incoming.count);
    }
    link(set, set.incoming);
    if (!profile.trustsWireCount && BigInt(set.count) !== record.count) {
      const detail = `${record.count} files are claimed, ${set.count} found`;
      throw new LuoError('EINVAL', 'deserialize', {}, detail);
    }
  } catch (error) {
    if (!profile.trustsWireCount) drop(set);
    throw failureOf('deserialize', set.subject({}), error);
  }
}

function restoreRecords<TFile>(
  { engine: { profile, memory } }: FileSetState<TFile>,
  { files, count }: Readonly<FileSetRecord>,
): IncomingRecords {
  if (profile.fileStorage === 'contiguous') {
    const shape = { recordBytes: FILE_RECORD_BYTES, pages: profile.filePages };
    return restoreBuffer(memory, shape, files, Number(count));
  }
  const shape = { recordBytes: FILE_RECORD_BYTES, blocksMax: profile.blocksMax };
  return restoreChain(memory, shape, files, 'deserialize');
}

/** Links the files in slot order, which is the order of preservation (B33). */
function link<TFile>(set: FileSetState<TFile>, records: IncomingRecords): void {
  const { profile } = set.engine;
  let last: HandlerEntry<TFile> | null = null;
  records.forEach((view, at) => {
    const entry =
      last !== null && hasCompatible(view, at, last.words) ? last : lookUp(set, view, at);
    last = entry;
    if (profile.ownerPinnedBy === 'file' && entry.handler.owner?.tryGet() === false) {
      const { compatible } = entry.handler;
      throw new LuoError('ENOENT', 'deserialize', { compatible }, 'its owner is going away');
    }
    const tokenLow = readTokenLow(view, at);
    const tokenHigh = readTokenHigh(view, at);
    set.reserveRow(tokenLow, tokenHigh);
    const row = set.files.push(entry, null, tokenLow, tokenHigh);
    set.files.setData(row, readDataLow(view, at), readDataHigh(view, at));
    set.index.add(row, tokenLow, tokenHigh);
    if (!profile.trustsWireCount) set.count += 1;
  });
}

function lookUp<TFile>(set: FileSetState<TFile>, view: DataView, at: number): HandlerEntry<TFile> {
  const compatible = readCompatible(view, at);
  if (compatible === null) {
    throw new LuoError('EINVAL', 'deserialize', {}, 'a compatible string is not terminated');
  }
  const entry = set.engine.registry.find(compatible);
  if (entry === undefined) {
    const detail = 'no handler is registered under this name; register it before the first open';
    throw new LuoError('ENOENT', 'deserialize', { compatible }, detail);
  }
  return entry;
}

/** Upstream drops what it had linked (D6); the seed leaves it for the reboot that must follow (B35). */
function drop<TFile>(set: FileSetState<TFile>): void {
  for (const { entry } of set.files) {
    if (set.engine.profile.ownerPinnedBy === 'file') entry.handler.owner?.put();
  }
  set.files.clear();
  set.count = 0;
  set.index.clear();
  set.incoming?.free();
  set.incoming = null;
}
