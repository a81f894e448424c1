// Each example workload is one file, plus the FFI library's native half beside them.
const nativeFile = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;

export default [
  { input: 'src/kv-store.ts', output: 'kv-store.cjs' },
  { input: 'src/echo-server.ts', output: 'echo-server.cjs' },
  { copy: nativeFile, output: 'koffi.node' },
];
