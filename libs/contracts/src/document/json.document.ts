import { describeThrown } from '@luofleet/platform/text';
import {
  DEPTH_MESSAGE,
  DOCUMENT_DEPTH_MAX,
  type DocumentResult,
  fault,
  keyFault,
} from './document';

/** Reads JSON; see document.ts. */
export function readJson(text: string): DocumentResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fault([], describeThrown(cause));
  }
  return faultIn(text) ?? { kind: 'value', value };
}

/** An object or array that is open while the text is read. */
interface Open {
  /** Keys so far; null in an array. */
  readonly keys: Set<string> | null;
  /** Key or index of what is being read. */
  at: PropertyKey;
}

/** What `JSON.parse` does not mind, in text that it has read: keys, and depth. */
function faultIn(text: string): DocumentResult | null {
  const open: Open[] = [];
  let isKeyNext = false;
  for (let position = 0; position < text.length; position += 1) {
    const inside = open.at(-1);
    switch (text.charAt(position)) {
      case '"': {
        const end = endOfString(text, position);
        if (isKeyNext && inside?.keys) {
          inside.at = JSON.parse(text.slice(position, end + 1)) as string;
          const wrong = keyFault(inside.at, inside.keys);
          if (wrong !== null) return fault(pathOf(open), wrong);
          inside.keys.add(inside.at);
          isKeyNext = false;
        }
        position = end;
        break;
      }
      case '{':
      case '[':
        if (open.length >= DOCUMENT_DEPTH_MAX)
          return fault(pathOf(open).slice(0, 3), DEPTH_MESSAGE);
        isKeyNext = text[position] === '{';
        open.push({ keys: isKeyNext ? new Set() : null, at: isKeyNext ? '' : 0 });
        break;
      case '}':
      case ']':
        open.pop();
        isKeyNext = false;
        break;
      case ',':
        if (inside?.keys === null) inside.at = Number(inside.at) + 1;
        else isKeyNext = true;
        break;
    }
  }
  return null;
}

const pathOf = (open: readonly Open[]): PropertyKey[] => open.map(({ at }) => at);

function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position;
}
