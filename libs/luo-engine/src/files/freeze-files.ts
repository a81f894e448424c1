import { isPending, type Step } from '../concurrency/step';
import { errnoNameOfNumber, HandlerError } from '../errors/errno';
import { failureOf } from '../errors/luo-error';
import type { FreezeResult } from '../handlers/file-handler';
import { FILE_RECORD_BYTES, writeFileRecord } from '../wire/file-record';
import { highHalf, isU64, lowHalf, splitU64 } from '../wire/little-endian';
import type { FileSetRecord } from '../wire/session-record';
import type { FileSetState } from './file-set-state';

/** See `FileSet.freeze`. */
export function* freezeFiles<TFile>(set: FileSetState<TFile>, out: FileSetRecord): Step<void> {
  const { engine, files, outgoing } = set;
  if (set.count === 0) return;
  if (outgoing.address === 0) {
    const detail = `${set.count} files are counted but there is no room for their records`;
    engine.warn({ operation: 'freeze', subject: set.subject({}), detail });
    throw set.error('EINVAL', 'freeze', {}, detail);
  }
  let view = outgoing.view(0);
  let at = outgoing.offset(0);
  for (let row = 0; row < files.length; row++, at += FILE_RECORD_BYTES) {
    const { handler, words } = files.entryAt(row);
    try {
      if (at + FILE_RECORD_BYTES > view.byteLength) {
        view = outgoing.view(row);
        at = outgoing.offset(row);
      }
      if (handler.freeze !== undefined) {
        const answer = handler.freeze(files.at(row).outgoing);
        const result = isPending(answer) ? ((yield answer) as FreezeResult) : answer;
        if (result !== undefined) adoptFrozen(set, row, result);
      }
    } catch (error) {
      yield* unfreezeFirst(set, row);
      throw failureOf('freeze', set.subject(files.at(row).subject), error);
    }
    writeFileRecord(view, at, words, files, row);
  }
  outgoing.close(files.length);
  out.count = BigInt(set.count);
  out.files = BigInt(outgoing.address);
}

/** A new handle counts only with status 0; only a negative status is a failure (B24, B25). */
function adoptFrozen<TFile>(
  set: FileSetState<TFile>,
  row: number,
  result: Exclude<FreezeResult, void>,
): void {
  const { status, data } = typeof result === 'bigint' ? { status: 0, data: result } : result;
  if (status < 0) throw new HandlerError(errnoNameOfNumber(-status), `status ${status}`);
  if (status !== 0 || data === undefined) return;
  if (!isU64(data)) throw new HandlerError('EINVAL', `its handle ${String(data)} is no u64`);
  splitU64(data);
  set.files.setData(row, lowHalf(), highHalf());
}

/** See `FileSet.unfreeze`. */
export function* unfreezeFiles<TFile>(set: FileSetState<TFile>, out: FileSetRecord): Step<void> {
  if (set.count === 0) return;
  yield* unfreezeFirst(set, set.files.length);
  out.files = 0n;
  out.count = 0n;
}

/** Unfreezes the first `count` files, first to last (B28), and zeroes every record (B27). */
function* unfreezeFirst<TFile>(set: FileSetState<TFile>, count: number): Step<void> {
  const { engine, files } = set;
  for (let row = 0; row < count; row++) {
    const luoFile = files.at(row);
    try {
      const answer = luoFile.entry.handler.unfreeze?.(luoFile.outgoing);
      if (isPending(answer)) yield answer;
    } catch (cause) {
      const detail = 'unfreeze threw; it must not';
      engine.warn({ operation: 'unfreeze', subject: set.subject(luoFile.subject), detail, cause });
    }
    if (engine.profile.unfreezeClearsHandle) files.setData(row, 0, 0);
  }
  set.outgoing.clear();
}
