import fc from 'fast-check';
import { CommandResult } from './generated/luofleet/v1/agent_service';
import { FileState, SessionState } from './generated/luofleet/v1/host';
import { fitResult, RESULT_FILES_MAX } from './message-size';

const file = (detail: string, token = 2n ** 64n - 1n) => ({
  ...{ token, name: 'store', compatible: 'memfd-v1', dataHandle: 1n, sizeBytes: 1n },
  state: FileState.FILE_STATE_FAILED,
  reason: { code: 'E', detail, errnoCode: '', errno: 0, subject: '' },
});
const resultOf = (sessions: readonly (readonly string[])[]) =>
  CommandResult.create({
    idempotencyKey: 'hu/preserve/1',
    sessions: sessions.map((files, index) => ({
      ...{ name: `session-${index}`, workload: 'kv', files: files.map((one) => file(one)) },
      state: SessionState.SESSION_STATE_PRESERVED,
    })),
  });
const tokens = ({ sessions }: CommandResult) =>
  sessions.flatMap(({ name, files }) => files.map(({ reason }) => `${name} ${reason?.detail}`));

describe('fitResult', () => {
  it('fits any result into any size, keeps the first files and counts the others', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ maxLength: 300 }), { maxLength: 20 }), { maxLength: 6 }),
        fc.integer({ min: 64, max: 20_000 }),
        (sessions, bytesMax) => {
          const whole = resultOf(sessions);
          const fitted = fitResult(whole, bytesMax);
          const size = CommandResult.encode(fitted).finish().length;
          expect(size).toBeLessThanOrEqual(bytesMax);
          const kept = tokens(fitted);
          expect(tokens(whole).slice(0, kept.length)).toEqual(kept);
          expect(kept.length + fitted.leftOutFiles).toBe(tokens(whole).length);
          // What fits with room to spare is not cut.
          if (CommandResult.encode(whole).finish().length + 16 <= bytesMax)
            expect(fitted).toBe(whole);
        },
      ),
    ));

  it('leaves out what is beyond the most files, over all sessions', () => {
    const half = Array<string>(RESULT_FILES_MAX / 2).fill('');
    const fitted = fitResult(resultOf([half, half, ['one too many']]), null);
    expect(fitted.leftOutFiles).toBe(1);
    expect(fitted.sessions.map(({ files }) => files.length)).toEqual([
      ...[half.length, half.length, 0],
    ]);
  });
});
