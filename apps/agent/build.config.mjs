// Two versions of the same agent, so that a live update from one to the other can be shown and tested. The version is a
// constant of the bundle, because a runtime image is one file and must know itself without any other.
// `lazy`: an agent comes back in the middle of a blackout and must not compile what it needs only later.
const version = (value) => `const LUOFLEET_AGENT_VERSION = '${value}';`;

const nativeFile = '@koromix/koffi-linux-' + process.arch + `/linux_${process.arch}/koffi.node`;

export default [
  { input: 'src/main.ts', output: 'agent.cjs', banner: version('1.0.0'), lazy: true },
  {
    ...{ input: 'src/main.ts', output: 'images/agent-1.1.0.cjs' },
    ...{ banner: version('1.1.0'), lazy: true },
  },
  { copy: nativeFile, output: 'koffi.node' },
  { copy: nativeFile, output: 'images/koffi.node' },
  // Only hosts whose kernel is replaced need it.
  { compile: 'native/arrive.c', output: 'arrive' },
];
