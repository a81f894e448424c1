// The control plane in one file; packages stay in node_modules. What the compiler itself adds is bundled.
export default [
  {
    input: 'src/main.ts',
    output: 'main.cjs',
    external: (id) =>
      !['.', '/', '\0', '@luofleet/', '@oxc-project/runtime'].some((ours) => id.startsWith(ours)),
  },
];
