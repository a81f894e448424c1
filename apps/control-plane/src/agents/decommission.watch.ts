import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { Runtime } from '../settings/runtime';

/**
 * Looks every SWEEP_INTERVAL_MS for streams of decommissioned hosts here: the word of whoever decommissioned them is
 * lost while Redis is away, or comes before the stream is held.
 */
@Injectable()
export class DecommissionWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private next(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.dispatcher
        .closeDecommissioned()
        .catch((error: unknown) =>
          this.runtime.logger.warn('decommissioned hosts not let go', { err: error }),
        )
        .then(() => this.next());
    }, this.runtime.settings.sweepIntervalMs);
  }
}
