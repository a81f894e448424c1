/**
 * Handover regions that something has been done to. Whatever it is, the next boot either works or fails with a
 * LuoError: no hang, no crash, no read outside of the region. Two ways: damage as it happens (the checksum no
 * longer fits), and damage under a checksum that fits again, which only the checks of each structure can stop.
 */
import fc from 'fast-check';
import {
  createHandoverMemory,
  LuoError,
  MemoryBuffer,
  MemoryBufferHandler,
  Orchestrator,
  type ProfileName,
} from '../index';
import { altered } from '../testing';

const profiles = ['upstream', 'seed'] as const;
const PAGE_SIZE_BYTES = 256;
const NAMES = ['vm-1', 'vm-2', 'empty'];

const shared = {
  name: 'domain',
  preserve: () => ({ data: 5n, object: 'live' }),
  unpreserve: () => undefined,
  retrieve: () => 'again',
  finish: () => undefined,
};

function boot(incoming: Uint8Array | undefined, profile: ProfileName): Orchestrator<MemoryBuffer> {
  const memory = createHandoverMemory({ incoming, pageSizeBytes: PAGE_SIZE_BYTES });
  const orchestrator = new Orchestrator<MemoryBuffer>({ memory, profile });
  const handler = new MemoryBufferHandler(memory);
  orchestrator.registerHandler(handler);
  if (profile === 'upstream') orchestrator.registerSharedObject(handler, shared);
  return orchestrator;
}

function regionOf(profile: ProfileName): Uint8Array {
  const orchestrator = boot(undefined, profile);
  const device = orchestrator.open();
  for (const name of NAMES) {
    const session = device.createSession(name);
    const files = name === 'empty' ? 0 : 4;
    for (let i = 0; i < files; i++) {
      void session.preserve(BigInt(i), new MemoryBuffer(Uint8Array.of(1, 2, i)));
    }
  }
  return orchestrator.freezeAll() as Uint8Array;
}

/** A whole second boot; throws what the engine throws. */
function secondBoot(region: Uint8Array, profile: ProfileName): void {
  const orchestrator = boot(region, profile);
  const device = orchestrator.open();
  for (const { name } of orchestrator.report()) {
    const session = device.retrieveSession(name);
    for (const { token } of session.report()) {
      try {
        void session.retrieve(token);
      } catch (error) {
        expect(error).toBeInstanceOf(LuoError);
      }
    }
    if (profile === 'upstream' && session.fileCount > 0) void orchestrator.getSharedObject(shared);
    void session.finish();
    void session.close();
  }
}

/** True when the second boot worked; false for a LuoError; anything else is thrown on. */
function survives(region: Uint8Array, profile: ProfileName): boolean {
  try {
    secondBoot(region, profile);
    return true;
  } catch (error) {
    if (error instanceof LuoError) return false;
    throw error;
  }
}

/** Values that break naive readers: 0, addresses that exist, off by one, huge. */
const nastyU64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    255n,
    256n,
    512n,
    768n,
    1024n,
    1280n,
    2048n,
    2n ** 31n,
    2n ** 32n,
    2n ** 53n,
  ),
  fc.constantFrom(2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 256n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

describe.each(profiles)('a fuzzed region, %s', (profile) => {
  const region = regionOf(profile);

  it('as it is, it boots', () => {
    expect(survives(region, profile)).toBe(true);
  });

  it('any flipped bit is noticed', () => {
    const bit = fc.integer({ min: 0, max: region.length * 8 - 1 });
    fc.assert(
      fc.property(bit, (at) => {
        const flipped = region.slice();
        flipped[at >> 3] = (flipped[at >> 3] as number) ^ (1 << (at & 7));
        expect(survives(flipped, profile)).toBe(false);
      }),
      { numRuns: 800 },
    );
  });

  it('any truncation and any torn page is noticed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: region.length - 1 }), (length) => {
        expect(survives(region.slice(0, length), profile)).toBe(false);
        const torn = region.slice();
        torn.fill(0, length);
        const same = torn.every((byte, i) => byte === region[i]);
        expect(survives(torn, profile)).toBe(same);
      }),
      { numRuns: 300 },
    );
  });

  it('random bytes are never a region', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1024 }), (bytes) => {
        expect(survives(bytes, profile)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('wild words under a good checksum: circles, counts, addresses', () => {
    const words = fc.array(fc.tuple(fc.integer({ min: 4, max: region.length / 8 - 1 }), nastyU64), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(words, (changes) => {
        const changed = altered(region, (view) => {
          for (const [word, value] of changes) view.setBigUint64(word * 8, value, true);
        });
        survives(changed, profile);
      }),
      { numRuns: 1_000 },
    );
  });

  it('every word of the region, one at a time, set to every nasty value', () => {
    const nasty = [0n, 512n, 2n ** 64n - 1n];
    for (let at = 32; at + 8 <= region.length; at += 8) {
      for (const value of nasty) {
        survives(
          altered(region, (view) => view.setBigUint64(at, value, true)),
          profile,
        );
      }
    }
  });

  it('strings without an end under a good checksum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: region.length - 64 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 255 }),
        (at, length, byte) => {
          const changed = altered(region, (view) => {
            for (let i = 0; i < length; i++) view.setUint8(at + i, byte);
          });
          survives(changed, profile);
        },
      ),
      { numRuns: 800 },
    );
  });
});
