/** Descriptors passed by the LISTEN_FDS convention, by name. Empty when none were, or when they are for another process. */
export function receivedDescriptors(env: NodeJS.ProcessEnv = process.env): Map<string, number> {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (Number(env.LISTEN_PID) !== process.pid || !Number.isInteger(count)) return new Map();
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return new Map(Array.from({ length: count }, (_none, index) => [names[index] ?? '', 3 + index]));
}
