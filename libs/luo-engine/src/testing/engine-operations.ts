import fc from 'fast-check';
import type { SessionDirection } from '../sessions/live-update';

export interface SessionRef {
  readonly direction: SessionDirection;
  readonly name: string;
}

/** One thing done to an engine, by names and numbers only. Names are wishes: see `ModelledHost`. */
export type EngineOperation =
  | { readonly kind: 'create'; readonly name: string }
  | {
      readonly kind: 'preserve';
      readonly session: SessionRef;
      readonly token: number;
      readonly file: number;
    }
  | {
      readonly kind: 'preserve-retrieved';
      readonly session: SessionRef;
      readonly token: number;
      readonly from: string;
      readonly fromToken: number;
    }
  | { readonly kind: 'retrieve-session'; readonly name: string }
  | { readonly kind: 'retrieve'; readonly session: SessionRef; readonly token: number }
  | { readonly kind: 'finish'; readonly session: SessionRef }
  | { readonly kind: 'close'; readonly session: SessionRef }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'freeze-and-unfreeze' }
  | {
      readonly kind: 'fault';
      readonly callback: 'preserve' | 'freeze' | 'retrieve' | 'canFinish';
      readonly file: number;
    }
  | { readonly kind: 'heal' };

const sessionName = fc.constantFrom('s1', 's2', 's3');
const token = fc.integer({ min: 0, max: 9 });
const file = fc.integer({ min: 0, max: 11 });

/** A session handle; mostly of the side that makes sense for the operation. */
function sessionRef(usual: SessionDirection): fc.Arbitrary<SessionRef> {
  const other = usual === 'outgoing' ? 'incoming' : 'outgoing';
  const direction = fc.oneof(
    { weight: 9, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constant<SessionDirection>(other) },
  );
  return fc.record({ direction, name: sessionName });
}

/** One random operation, weighted so that sessions fill up, reboot and are emptied again. */
export function engineOperation(): fc.Arbitrary<EngineOperation> {
  const outgoing = sessionRef('outgoing');
  const incoming = sessionRef('incoming');
  const callback = fc.constantFrom('preserve', 'freeze', 'retrieve', 'canFinish');
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('create' as const), name: sessionName }),
    },
    {
      weight: 24,
      arbitrary: fc.record({
        kind: fc.constant('preserve' as const),
        session: outgoing,
        token,
        file,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('preserve-retrieved' as const),
        session: outgoing,
        token,
        from: sessionName,
        fromToken: token,
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({ kind: fc.constant('retrieve-session' as const), name: sessionName }),
    },
    {
      weight: 14,
      arbitrary: fc.record({ kind: fc.constant('retrieve' as const), session: incoming, token }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('finish' as const), session: incoming }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('close' as const),
        session: fc.oneof(outgoing, incoming),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'reboot' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'freeze-and-unfreeze' as const }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('fault' as const),
        callback,
        file: fc.integer({ min: 0, max: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'heal' as const }) },
  ) as fc.Arbitrary<EngineOperation>;
}

/** A whole life of an engine. */
export function engineLife(operationsMax = 80): fc.Arbitrary<EngineOperation[]> {
  return fc.array(engineOperation(), {
    minLength: operationsMax / 4,
    maxLength: operationsMax,
    size: 'max',
  });
}
