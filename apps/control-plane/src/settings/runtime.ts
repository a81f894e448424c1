import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Logger } from '@luofleet/platform';
import { type ControlPlaneSettings, SETTINGS } from './control-plane.settings';
import { CLOCK, LOGGER } from './platform.tokens';

/** What surrounds a service: settings, clock and log, where it needs several of them. */
@Injectable()
export class Runtime {
  constructor(
    @Inject(SETTINGS) readonly settings: ControlPlaneSettings,
    @Inject(CLOCK) readonly clock: Clock,
    @Inject(LOGGER) readonly logger: Logger,
  ) {}
}
