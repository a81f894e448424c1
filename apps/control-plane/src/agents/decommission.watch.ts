import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Rounds, settledWithin } from '@luofleet/platform';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { Runtime } from '../settings/runtime';
import { STOP_STEP_MS } from '../settings/stop-limits';

/**
 * Looks every SWEEP_INTERVAL_MS for streams of decommissioned hosts here: the word of whoever decommissioned them is
 * lost while Redis is away, or comes before the stream is held.
 */
@Injectable()
export class DecommissionWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;

  constructor(
    @Inject(CommandDispatcher) dispatcher: CommandDispatcher,
    @Inject(Runtime) { settings, logger }: Runtime,
  ) {
    this.rounds = new Rounds(settings.sweepIntervalMs, () =>
      dispatcher
        .closeDecommissioned()
        .catch((error: unknown) => logger.warn('decommissioned hosts not let go', { err: error })),
    );
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return settledWithin(STOP_STEP_MS, [this.rounds.stop()]);
  }
}
