// A kernel command line, read as Linux reads it.
//
// Happy path: white space separates parameters, `name=value` each. A `"` starts or ends a stretch in which white space
// does not separate; quotes around a whole parameter or a whole value belong to neither. From `--` on all is init's.
// Unhappy paths: a quote that is never closed makes the rest of the line one parameter; `isClosed` tells.
// Ordering: of switches that are given more than once the last one counts that the kernel understands.

/** One parameter and where it stands. Text is bytes, one a character: the kernel knows no encoding. */
export interface KernelParameter {
  name: string;
  value: string | null;
  start: number;
  end: number;
}

export interface KernelParameters {
  parameters: KernelParameter[];
  /** Where the kernel's own part ends: at `--`, or at the end of the line. */
  end: number;
  isClosed: boolean;
}

/** The kernel's white space: ASCII's, and the byte that is a no-break space in Latin-1. */
const isSpace = (char: string | undefined): boolean =>
  char !== undefined && '\t\n\v\f\r \u00a0'.includes(char);

export const bytesOf = (line: string): string => Buffer.from(line, 'utf8').toString('latin1');
export const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** Splits a command line (see `bytesOf`). */
export function parseKernelParameters(bytes: string): KernelParameters {
  const parameters: KernelParameter[] = [];
  for (let at = 0; ;) {
    while (isSpace(bytes[at])) at += 1;
    if (at >= bytes.length) return { parameters, end: bytes.length, isClosed: true };
    const start = at;
    let isQuoted = false;
    for (; at < bytes.length && (isQuoted || !isSpace(bytes[at])); at += 1) {
      if (bytes[at] === '"') isQuoted = !isQuoted;
    }
    const parameter = { ...readParameter(bytes.slice(start, at)), start, end: at };
    if (parameter.name === '--' && parameter.value === null) {
      return { parameters, end: start, isClosed: true };
    }
    parameters.push(parameter);
    if (isQuoted) return { parameters, end: bytes.length, isClosed: false };
  }
}

function readParameter(text: string): Pick<KernelParameter, 'name' | 'value'> {
  const isQuoted = text.startsWith('"');
  const inner = isQuoted ? text.slice(1) : text;
  const equals = inner.indexOf('=', 1);
  if (equals === -1) return { name: isQuoted ? withoutLastQuote(inner) : inner, value: null };
  const name = inner.slice(0, equals);
  const value = inner.slice(equals + 1);
  if (value.startsWith('"')) return { name, value: withoutLastQuote(value.slice(1)) };
  return { name, value: isQuoted ? withoutLastQuote(value) : value };
}

const withoutLastQuote = (text: string): string => (text.endsWith('"') ? text.slice(0, -1) : text);

/** What the kernel takes a switch's value for; null when it does not understand it, and nothing changes. */
export function readSwitch(value: string | null): boolean | null {
  const [first = '', second = ''] = (value ?? '').toLowerCase();
  if ('eyt1'.includes(first) && first !== '') return true;
  if ('dnf0'.includes(first) && first !== '') return false;
  if (first !== 'o') return null;
  if (second === 'n') return true;
  return second === 'f' ? false : null;
}

/** How a switch ends up; null when nothing on the line sets it. */
export const findSwitch = ({ parameters }: KernelParameters, name: string): boolean | null =>
  parameters
    .filter((one) => one.name === name)
    .map(({ value }) => readSwitch(value))
    .findLast((one) => one !== null) ?? null;
