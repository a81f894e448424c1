/** `30 min`, `90 s`: a length of time in words, in the largest unit that says it exactly. */
export function sayDuration(ms: number): string {
  for (const [unit, length] of UNITS)
    if (ms >= length && ms % length === 0) return `${ms / length} ${unit}`;
  return `${ms} ms`;
}

const UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;
