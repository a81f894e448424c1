/**
 * Values as the text of a Postgres array, for `${arrayText(ids)}::uuid[]`. As an array of values, ten thousand would keep
 * the driver busy for seconds in one turn, and lose their transaction over that.
 */
export function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
