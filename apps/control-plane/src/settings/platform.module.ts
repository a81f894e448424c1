import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Clock, createLogger, type Logger, systemClock } from '@luofleet/platform';
import { type ControlPlaneSettings, SETTINGS } from './control-plane.settings';
import { CLOCK, LOGGER } from './platform.tokens';
import { Runtime } from './runtime';

export { CLOCK, LOGGER };

/** Settings, log and clock, for every module. */
@Global()
@Module({})
export class PlatformModule {
  static with(settings: ControlPlaneSettings): DynamicModule {
    const logger: Logger = createLogger({
      level: settings.logLevel,
      name: 'control-plane',
      fields: { replicaId: settings.replicaId, role: settings.role },
    });
    const clock: Clock = systemClock;
    return {
      module: PlatformModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        { provide: CLOCK, useValue: clock },
        Runtime,
      ],
      exports: [SETTINGS, LOGGER, CLOCK, Runtime],
    };
  }
}
