// What lint checks about imports beyond eslint's boundaries between projects: no cycle between files, and one direction
// between folders. docs/architecture.md shows the control plane's.

/** Folders of the control plane from top to bottom: each may import from those below it, none from its own row. */
const CONTROL_PLANE = [
  ['boot'],
  ['rest', 'operator'],
  ['hosts'],
  ['events', 'health', 'releases', 'rollouts', 'sessions', 'summary'],
  ['agents', 'jobs', 'watch'],
  ['progress'],
  ['delivery'],
  ['dashboard', 'errors', 'grpc', 'http-kit', 'input', 'metrics', 'persistence', 'redis'],
  ['settings'],
];

const SOURCE = '^apps/control-plane/src/';
const TESTS = [String.raw`spec\.tsx?$`, `${SOURCE}(testing|peers)/`];

const directions = CONTROL_PLANE.map((row, index) => ({
  name: `control-plane-${row.join('-')}`,
  comment: 'A folder imports from folders below its own only.',
  severity: 'error',
  from: { path: `${SOURCE}(${row.join('|')})/`, pathNot: TESTS },
  to: {
    path: `${SOURCE}(${CONTROL_PLANE.slice(0, index + 1)
      .flat()
      .join('|')})/`,
    pathNot: `${SOURCE}$1/`,
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Two files that import each other, types included, are one thing cut up.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'control-plane-folder-without-place',
      comment: 'Give the folder its place in .dependency-cruiser.cjs and docs/architecture.md.',
      severity: 'error',
      from: {
        path: `${SOURCE}[^/]+/`,
        pathNot: [...TESTS, `${SOURCE}(${CONTROL_PLANE.flat().join('|')})/`],
      },
      to: {},
    },
    ...directions,
  ],
  options: {
    includeOnly: '^(apps|libs)/',
    exclude: '(^|/)(node_modules|generated|dist)/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
