import { MultiBar, type SingleBar } from 'cli-progress';
import type { EventResponse, RolloutResponse, WaveResponse } from '@luofleet/contracts';
import { formatCounts } from '../output/words';
import type { CommandContext } from './command.context';

/** How a watched rollout is shown while it runs; always on stderr, so that stdout holds only the result. */
export interface Progress {
  show(rollout: RolloutResponse): void;
  event(event: EventResponse): void;
  note(text: string): void;
  /** May be called more than once. */
  stop(): void;
}

/** Bars where a person looks on, plain lines everywhere else. */
export function createProgress(context: CommandContext): Progress {
  const { stderr } = context.terminal;
  return stderr.isTTY === true && context.printer.format === 'table'
    ? new BarProgress(stderr as NodeJS.WriteStream)
    : new LineProgress((line) => context.printer.note(line));
}

const ENDED = [
  'succeeded',
  'rolled-back',
  'failed',
  'lost',
  'lost-state',
  'cancelled',
  'skipped',
] as const;

const endedCount = ({ hosts }: WaveResponse): number =>
  ENDED.reduce((sum, state) => sum + (hosts.byState[state] ?? 0), 0);

class LineProgress implements Progress {
  private last = '';

  constructor(private readonly write: (line: string) => void) {}

  show(rollout: RolloutResponse): void {
    const line = `rollout ${rollout.name} ${rollout.state}: ${formatCounts(rollout.hosts.byState)}`;
    if (line !== this.last) this.write(line);
    this.last = line;
  }

  event(event: EventResponse): void {
    this.write(`${event.at} ${event.kind} ${event.message}`);
  }

  note(text: string): void {
    this.write(text);
  }

  stop(): void {
    // Lines need no tidying up.
  }
}

class BarProgress implements Progress {
  private readonly bars: MultiBar;
  private readonly byWave = new Map<number, SingleBar>();
  private stopped = false;

  constructor(stream: NodeJS.WriteStream) {
    this.bars = new MultiBar({
      stream,
      format: '{wave} {bar} {value}/{total} {state} {phases}',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: false,
      emptyOnZero: true,
    });
  }

  show(rollout: RolloutResponse): void {
    for (const wave of rollout.waves) {
      const payload = {
        wave: `wave ${wave.index + 1}`,
        state: wave.state,
        phases: formatCounts(wave.hosts.byPhase),
      };
      const bar = this.byWave.get(wave.index) ?? this.bars.create(wave.hosts.total, 0, payload);
      this.byWave.set(wave.index, bar);
      bar.update(endedCount(wave), payload);
    }
  }

  event(event: EventResponse): void {
    if (event.reasonCode !== '') this.note(event.message);
  }

  note(text: string): void {
    this.bars.log(`${text}\n`);
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.bars.update();
    this.bars.stop();
  }
}
