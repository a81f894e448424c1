import type { Readable } from 'node:stream';
import type { ControlPlaneClient } from '../api/control-plane.client';
import type { Printer, Terminal } from '../output/printer';

/** What a command is given to work with. */
export interface CommandContext {
  readonly client: ControlPlaneClient;
  readonly printer: Printer;
  readonly terminal: Terminal;
  readonly nowMs: () => number;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  readonly stdin: () => Readable;
  readonly patience: Patience;
}

export interface Patience {
  /** Silence after which an event stream is given up. */
  readonly streamSilenceMs: number;
  /** Before a broken stream is opened again. */
  readonly reconnectPauseMs: number;
}
