// Lint rules of the house. Boundaries are Nx tags (type: and scope:), purity of the two core libraries is
// enforced by the "pure core" block, and only one library may import each driver.
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const drivers = {
  prisma: ['@prisma/*', 'pg'],
  bullmq: ['bullmq', '@nestjs/bullmq'],
  ffi: ['koffi'],
};
const allDrivers = Object.values(drivers).flat();

/** Anything can be thrown: only describeThrown (@luofleet/platform/text) makes words of all of it. */
const describedByHand = [
  'CallExpression[callee.name="String"][arguments.0.name=/^(error|cause|thrown)$/]',
  'ConditionalExpression[test.operator="instanceof"][test.right.name="Error"]',
  'MemberExpression[property.name="message"][object.type="TSAsExpression"][object.typeAnnotation.typeName.name="Error"]',
].map((selector) => ({ selector, message: 'Describe what was thrown with describeThrown.' }));

/** Node 20 collects such a signal while it is waited for, and then it never goes off; a browser does not. */
const timeoutSignal = {
  selector: 'MemberExpression[object.name="AbortSignal"][property.name="timeout"]',
  message: 'Bound work with limited or TimeLimit (@luofleet/platform/clock).',
};

const parseArgsByHand = {
  name: 'node:util',
  importNames: ['parseArgs'],
  message: 'Its last option wins silently: read command lines with readOptions.',
};

const banDrivers = (allowed) => [
  'error',
  {
    paths: [parseArgsByHand],
    patterns: [
      {
        group: allDrivers.filter((name) => !allowed.includes(name)),
        message:
          'Only libs/persistence imports Prisma and pg, only libs/queue BullMQ, only libs/linux FFI.',
      },
    ],
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/.nx/**',
      '**/.cache/**',
      '**/.luofleet/**',
      '**/src/generated/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { attributes: false } },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...describedByHand, timeoutSignal],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      'no-restricted-imports': banDrivers([]),
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            { sourceTag: 'type:engine', onlyDependOnLibsWithTags: ['type:engine'] },
            { sourceTag: 'type:util', onlyDependOnLibsWithTags: ['type:util', 'type:engine'] },
            {
              sourceTag: 'type:contracts',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:engine', 'type:util'],
            },
            {
              sourceTag: 'type:adapter',
              onlyDependOnLibsWithTags: [
                'type:adapter',
                'type:contracts',
                'type:engine',
                'type:util',
                'type:testkit',
              ],
            },
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: [
                'type:adapter',
                'type:contracts',
                'type:engine',
                'type:util',
                'type:testkit',
              ],
            },
            { sourceTag: 'type:testkit', onlyDependOnLibsWithTags: [] },
            {
              sourceTag: 'type:e2e',
              onlyDependOnLibsWithTags: [
                'type:testkit',
                'type:contracts',
                'type:util',
                'type:adapter',
              ],
            },
            { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
            { sourceTag: 'scope:host', onlyDependOnLibsWithTags: ['scope:host', 'scope:shared'] },
            {
              sourceTag: 'scope:server',
              onlyDependOnLibsWithTags: ['scope:server', 'scope:shared'],
            },
            {
              sourceTag: 'scope:client',
              onlyDependOnLibsWithTags: ['scope:client', 'scope:shared'],
            },
            { sourceTag: 'scope:web', onlyDependOnLibsWithTags: ['scope:web', 'scope:shared'] },
          ],
        },
      ],
    },
  },
  {
    files: ['tools/**/*.mjs'],
    rules: { 'no-restricted-imports': ['error', { paths: [parseArgsByHand] }] },
  },
  {
    files: ['tools/bootstrap/read-options.mjs', 'libs/platform/src/command-line/read-options.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['libs/platform/src/text/describe-thrown.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['apps/dashboard/**', 'apps/e2e/**', 'tools/**', '**/*.spec.ts', '**/testing/**'],
    rules: { 'no-restricted-syntax': ['error', ...describedByHand] },
  },
  {
    // The tools' own describeThrown, and what looks at an error as a whole.
    files: ['tools/bootstrap/thrown.mjs', 'tools/**/*.test.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['libs/persistence/**'],
    rules: { 'no-restricted-imports': banDrivers(drivers.prisma) },
  },
  { files: ['libs/testkit/**'], rules: { 'no-restricted-imports': banDrivers(['pg']) } },
  { files: ['libs/queue/**'], rules: { 'no-restricted-imports': banDrivers(drivers.bullmq) } },
  { files: ['libs/linux/**'], rules: { 'no-restricted-imports': banDrivers(drivers.ffi) } },
  {
    // Pure core: no I/O, no clock, no random, no environment. Time and ids come in, effects go out as data.
    files: ['libs/luo-engine/src/**/*.ts', 'libs/rollout/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(?!\\.{1,2}/)', message: 'The pure core imports nothing but itself.' },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'fetch',
          'console',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'Date',
          'crypto',
          'performance',
          'require',
          'globalThis',
        ],
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', '**/testing/**'],
    rules: { 'max-lines': ['error', { max: 800 }], 'max-lines-per-function': 'off' },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  prettier,
);
