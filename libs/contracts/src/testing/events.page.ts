import { z } from 'zod';
import { EVENT_KINDS } from '../fleet/event-kinds';

/** Writes docs/events.md from the table of kinds. */
export function eventsPage(): string {
  const rows = Object.entries(EVENT_KINDS).map(([kind, { tells, data }]) => [
    `\`${kind}\``,
    tells,
    dataOf(data),
  ]);
  return (
    [
      '# Events',
      'Written from `libs/contracts/src/fleet/event-kinds.ts` by `UPDATE_DOCS=1 npx jest -c jest.config.cjs libs/contracts/src/events.doc.spec.ts`; a test compares.',
      'The record of events only grows. Each event has a `sequence`, the time, its kind, a sentence for people, data, and the ids of the rollout, host and host update that it is about. A change has the same kind whoever caused it: `actor`, in the data of rollouts and host updates, says whether that was an operator, the planner or a host. Of a kind or data that you do not know, show the sentence.',
      table(['kind', 'what it tells', 'data'], rows),
    ].join('\n\n') + '\n'
  );
}

function dataOf(schema: z.ZodObject): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'output' });
  return Object.keys(properties)
    .map((name) => `\`${name}\`${required.includes(name) ? '' : ' (if known)'}`)
    .join(', ');
}

/** A Markdown table, padded the way the formatter pads it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(3, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const write = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [write(head), rule, ...rows.map(write)].join('\n');
}
