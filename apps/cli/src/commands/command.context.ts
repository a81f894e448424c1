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
  readonly readStdin: () => Promise<string>;
}
