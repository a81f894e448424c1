import type { EventResponse, RolloutResponse } from '@luofleet/contracts';
import type { Stream } from '../output/printer';
import { terminalLine } from '../output/terminal-text';
import { formatCounts, formatReason } from '../output/words';
import type { CommandContext } from './command.context';
import { TerminalPanel } from './terminal.panel';
import { waveLines } from './wave.lines';

/** How a watched rollout is shown while it runs; always on stderr, so that stdout holds only the result. */
export interface Progress {
  show(rollout: RolloutResponse): void;
  event(event: EventResponse): void;
  note(text: string): void;
}

/** Bars where a person looks on, plain lines everywhere else. */
export function createProgress({ terminal, printer }: CommandContext): Progress {
  return terminal.stderr.isTTY === true && printer.format === 'table'
    ? new BarProgress(terminal.stderr)
    : new LineProgress((line) => printer.note(line));
}

function headOf({ name, state, reason }: RolloutResponse): string {
  const why = formatReason(reason);
  return `rollout ${name} ${state}${why === '' ? '' : ` (${why})`}`;
}

class LineProgress implements Progress {
  private last = '';

  constructor(private readonly write: (line: string) => void) {}

  show(rollout: RolloutResponse): void {
    const line = `${headOf(rollout)}: ${formatCounts(rollout.hosts.byState)}`;
    if (line !== this.last) this.write(line);
    this.last = line;
  }

  event(event: EventResponse): void {
    this.write(`${event.at} ${event.kind} ${event.message}`);
  }

  note(text: string): void {
    this.write(text);
  }
}

class BarProgress implements Progress {
  private readonly panel: TerminalPanel;
  private head: string | undefined;

  constructor(private readonly stream: Stream) {
    this.panel = new TerminalPanel(stream);
  }

  show(rollout: RolloutResponse): void {
    const head = headOf(rollout);
    // A pause is said for good: the bars alone stand still in many ways.
    if (this.head !== undefined && head !== this.head) this.note(head);
    this.head = head;
    const counts = `${rollout.hosts.byState.succeeded ?? 0} of ${rollout.hosts.total} hosts`;
    this.panel.draw([
      terminalLine(`rollout ${rollout.name} ${rollout.state}: ${counts}`),
      ...waveLines(rollout.waves, (this.stream.rows || ROWS_DEFAULT) - RESERVED_ROWS),
    ]);
  }

  event(event: EventResponse): void {
    if (event.reasonCode !== '') this.note(event.message);
  }

  note(text: string): void {
    this.panel.print(terminalLine(text));
  }
}

/** Rows of a terminal that does not say. */
const ROWS_DEFAULT = 24;
/** One for the line above the waves, one below them for the cursor. */
const RESERVED_ROWS = 2;
