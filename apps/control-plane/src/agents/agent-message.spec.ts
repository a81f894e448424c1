// Every text and number of every message, wherever it stands (in a message in a message, a list, a map, a case of a oneof), as
// proto/ has them.
import { isPlainText } from '@luofleet/platform/text';
import { ConnectRequest, type Hello } from '@luofleet/proto';
import fc from 'fast-check';
import { HOSTILE_TEXTS, hostileText, spoiled } from '../testing/hostile-texts';
import { protoMessage, sampleMessages } from '../testing/proto-messages';
import { cleanAgentMessage, soundLabels } from './agent-message';

const samples = sampleMessages('ConnectRequest', { text: 'kv', struct: {} });
/** Where text stays as it came: whoever uses it checks it. */
const AS_IT_CAME = ['idempotencyKey', 'labels'];

interface Leaf {
  readonly path: string;
  readonly value: unknown;
}

function leavesOf(value: unknown, path = ''): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) =>
    AS_IT_CAME.includes(key) ? [] : leavesOf(inner, `${path}.${Array.isArray(value) ? '' : key}`),
  );
}

function expectFit(message: unknown): void {
  for (const { path, value } of leavesOf(message)) {
    if (typeof value === 'string') {
      const lines = path.endsWith('.detail') ? 'many' : 'one';
      const sound = isPlainText(value, lines) && value.length <= 4000;
      expect({ path, value, sound }).toMatchObject({ sound: true });
    }
    if (typeof value === 'bigint' && !/token|dataHandle/.test(path))
      expect({ path, sound: value >= 0n && value < 2n ** 63n }).toEqual({ path, sound: true });
    if (typeof value === 'number')
      expect({ path, sound: Number.isFinite(value) }).toEqual({ path, sound: true });
  }
}

it('knows every message and the texts deep within', () => {
  const paths = samples.flatMap((sample) => leavesOf(sample).map(({ path }) => path));
  expect(samples).toHaveLength(4);
  expect(paths).toEqual(
    expect.arrayContaining([
      '.message.value.workloads..detail',
      '.message.value.sessions..files..name',
      '.message.value.sessions..files..reason.subject',
      '.message.value.handlers.',
    ]),
  );
});

it.each(HOSTILE_TEXTS)('cleans %j in each place, and only once', (text) => {
  for (const sample of samples)
    for (const { value } of spoiled(sample, text)) {
      const decoded = ConnectRequest.decode(
        ConnectRequest.encode(value as ConnectRequest).finish(),
      );
      const clean = cleanAgentMessage(decoded);
      expectFit(clean);
      expect(cleanAgentMessage(clean)).toEqual(clean);
    }
});

it('makes any message fit for the record, also one that no encoder has mended', () => {
  fc.assert(
    fc.property(protoMessage('ConnectRequest', hostileText), (message) =>
      expectFit(cleanAgentMessage(message)),
    ),
    { numRuns: 500 },
  );
});

it('keeps of any labels those that selectors can name, and tells of the others in plain words', () => {
  fc.assert(
    fc.property(fc.dictionary(hostileText, hostileText), (labels) => {
      const { sound, refused } = soundLabels({ labels } as Hello);
      for (const text of [...Object.entries(sound).flat(), ...refused])
        expect(isPlainText(text)).toBe(true);
    }),
  );
});
