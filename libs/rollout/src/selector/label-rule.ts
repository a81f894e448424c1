/**
 * What a label may be, the same for hosts, releases and selectors: what a selector can name, a label can be called, and
 * the other way round.
 */
export const LABEL_KEY_PATTERN = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
export const LABEL_KEY_RULE =
  'a label key has letters, digits, ".", "_", "/" and "-", at most 63, and starts and ends with a letter or digit';

export const LABEL_VALUE_PATTERN = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
export const LABEL_VALUE_RULE =
  'a label value has letters, digits, ".", "_" and "-", at most 63, and starts and ends with a letter or digit';

export const LABELS_MAX = 64;

/** Keys that selectors understand by themselves; a label of such a key could never be selected. */
export const BUILT_IN_LABEL_KEYS: readonly string[] = ['name'];

/** What is wrong with a label of a host or a release; null when nothing is. */
export function labelFault(key: string, value: string): string | null {
  if (!LABEL_KEY_PATTERN.test(key)) return LABEL_KEY_RULE;
  if (BUILT_IN_LABEL_KEYS.includes(key))
    return `"${key}" means the host's ${key} in selectors and can not be a label`;
  return LABEL_VALUE_PATTERN.test(value) ? null : LABEL_VALUE_RULE;
}
