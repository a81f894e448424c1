// What was thrown, whatever it is: an Error, a text, nothing at all, an object whose fields throw. Nothing here throws itself.

/** Causes that are followed; a circle of them ends, too. */
const CAUSES_MAX = 8;

/** A field of what was thrown; undefined when it has none. */
export function fieldOf(thrown, name) {
  try {
    return thrown?.[name];
  } catch {
    return undefined;
  }
}

/** What it says of itself, in one text that is never empty. */
export function wordsOf(thrown) {
  for (const name of ['message', 'code', 'name']) {
    const words = fieldOf(thrown, name);
    if (typeof words === 'string' && words !== '') return words;
  }
  try {
    const words = typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
    return words || 'nothing was said';
  } catch {
    return 'nothing that could be read';
  }
}

/** Where it was thrown, if it knows, or what it says. */
export function stackOf(thrown) {
  const stack = fieldOf(thrown, 'stack');
  return typeof stack === 'string' && stack !== '' ? stack : wordsOf(thrown);
}

/** Its causes, the nearest first. */
export function causesOf(thrown) {
  const causes = [];
  let cause = fieldOf(thrown, 'cause');
  while (cause !== undefined && cause !== null && causes.length < CAUSES_MAX) {
    if (causes.includes(cause)) break;
    causes.push(cause);
    cause = fieldOf(cause, 'cause');
  }
  return causes;
}
