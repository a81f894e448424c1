import { escapeForDisplay } from '@luofleet/platform/text';

/**
 * A JSON document from the control plane. Every text in it, keys too, is escaped: whatever is in the record, nothing on
 * a page is reordered, hidden or steered by it. Undefined when it is not JSON.
 */
export function readJson(text: string): unknown {
  try {
    return displayable(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function displayable(value: unknown): unknown {
  if (typeof value === 'string') return escapeForDisplay(value);
  if (Array.isArray(value)) return value.map(displayable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [escapeForDisplay(key), displayable(each)]),
  );
}
