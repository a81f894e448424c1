/**
 * Every numbered behaviour has a test that carries its number, or a reason why a library without a kernel cannot
 * have one. The table in docs/ is made of the titles of the tests.
 */
import { readLibraryFile, specFiles, storedDocument, table } from './documents';

const NUMBERS = [
  ...Array.from({ length: 50 }, (_, i) => `B${i + 1}`),
  ...Array.from({ length: 13 }, (_, i) => `D${i + 1}`),
  ...Array.from({ length: 24 }, (_, i) => `S${i + 1}`),
];

/** Behaviours that only exist between a program and a kernel. */
const WITHOUT_TEST: Readonly<Record<string, string>> = {
  S14: 'what happens when the kernel cannot write to a user buffer (EFAULT); the library hands out values',
  S16: 'numbers and struct sizes of ioctls; the library has methods (a driver of the device has the ioctls)',
  S20: 'which kernel images carry the handover memory across a kexec; the library loads no images',
  S22: 'what the kernel’s memfd handler does to memfds; descriptor handlers live with the agent',
};

interface Test {
  readonly number: string;
  readonly title: string;
  readonly file: string;
}

const TITLE = /\(\s*(['"`])((?:[BSD]\d+)(?:, [BSD]\d+)*): ((?:\\.|(?!\1)[^\\])*)\1/g;

function numberedTests(): Test[] {
  return specFiles().flatMap((file) =>
    [...readLibraryFile(file).matchAll(TITLE)].flatMap(([, , numbers = '', title = '']) =>
      numbers.split(', ').map((number) => ({ number, title, file })),
    ),
  );
}

function document(tests: readonly Test[]): string {
  const rows = NUMBERS.flatMap((number) => {
    const own = tests.filter((test) => test.number === number);
    if (own.length === 0) return [[number, `no test: ${WITHOUT_TEST[number] ?? ''}`, '']];
    return own.map(({ title, file }) => [number, title, `\`${file}\``]);
  });
  return [
    '# Behaviours of the LUO engine and the tests that show them',
    '',
    'Generated from the titles of the tests of `libs/luo-engine` and checked by `checks/behaviours.spec.ts`; a number',
    'without a test fails there. B: the file layer of the seed document. D: what Linux 7.3 does differently.',
    'S: sessions, handover and shared objects. Titles that name no profile hold in both.',
    '',
    table(['number', 'behaviour', 'test'], rows),
    '',
  ].join('\n');
}

const tests = numberedTests();

it.each(NUMBERS)('%s has a test or a reason not to', (number) => {
  const count = tests.filter((test) => test.number === number).length;
  const excused = number in WITHOUT_TEST;
  expect({ number, shown: count > 0, excused }).toEqual({ number, shown: !excused, excused });
});

it('tests carry no number that does not exist', () => {
  expect(tests.filter(({ number }) => !NUMBERS.includes(number))).toEqual([]);
});

it('no numbered test is skipped or left focused', () => {
  const marks =
    /\b(?:it|test|describe)\.(?:skip|only|todo)\b|\bx(?:it|describe)\b|\bf(?:it|describe)\(/;
  expect(specFiles().filter((file) => marks.test(readLibraryFile(file)))).toEqual([]);
});

it('docs/luo-engine-behaviours.md is up to date', () => {
  const generated = document(tests);
  expect(storedDocument('luo-engine-behaviours.md', generated)).toBe(generated);
});
