/**
 * DOC: readiness
 *
 * Purpose: whether this process can do its work, looked at through what it works with: a pooled connection, a turn for a
 * transaction, its own Redis connections and its queue, its event loop, its last beat and its last sweep.
 *
 * Happy path: everything answers within ANSWER_WITHIN_MS.
 *
 * Unhappy paths: what does not answer, fails or is too long ago is named. A question that was not answered is not asked
 * again before it is: or every look would take one more connection away.
 */
import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ReadinessResponse } from '@luofleet/contracts';
import { within } from '@luofleet/platform';
import { describeThrown } from '@luofleet/platform/text';
import { FleetWatch } from '../watch/fleet.watch';
import { Sweeper } from '../jobs/sweeper';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { EventLoopWatch } from './event-loop.watch';
import { ServiceProbes } from './service.probes';

/** A service that does not answer within this time counts as not reachable. */
const ANSWER_WITHIN_MS = 2_000;
/** What happens all the time and has not for so long has stopped. */
const BEAT_WITHIN_MS = 5_000;
const STALL_MAX_MS = 5_000;

type Check = ReadinessResponse['checks'][number];

@Injectable()
export class Readiness {
  private readonly asked = new Map<Check['name'], Promise<unknown>>();

  constructor(
    @Inject(ServiceProbes) private readonly services: ServiceProbes,
    @Inject(EventLoopWatch) private readonly eventLoop: EventLoopWatch,
    @Inject(FleetWatch) private readonly watch: FleetWatch,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    @Optional() @Inject(Sweeper) private readonly sweeper?: Sweeper,
  ) {}

  async check(): Promise<ReadinessResponse> {
    const stallMs = this.eventLoop.longestStallMs();
    const { sweeper } = this;
    const sweepWithinMs = 10_000 + 5 * this.settings.sweepIntervalMs;
    const checks = await Promise.all([
      ...this.services.questions.map(([name, question]) => this.ask(name, question)),
      isRecent('event-loop', 'stood still for', stallMs, STALL_MAX_MS),
      isRecent('watch', 'the record has had no beat for', this.watch.sinceBeatMs(), BEAT_WITHIN_MS),
      ...(sweeper
        ? [isRecent('sweep', 'no sweep for', sweeper.sinceSweepMs(), sweepWithinMs)]
        : []),
    ]);
    return { ready: checks.every(({ ok }) => ok), checks };
  }

  private async ask(name: Check['name'], question: () => Promise<unknown>): Promise<Check> {
    const asked = this.asked.get(name) ?? question();
    this.asked.set(name, asked);
    const answered = () => this.asked.get(name) === asked && this.asked.delete(name);
    asked.then(answered, answered);
    const late = () => new Error(`no answer within ${ANSWER_WITHIN_MS} ms`);
    try {
      await within(ANSWER_WITHIN_MS, asked, late);
      return { name, ok: true, detail: '' };
    } catch (error) {
      return { name, ok: false, detail: describeThrown(error) };
    }
  }
}

function isRecent(name: Check['name'], what: string, ms: number, maxMs: number): Check {
  const ok = ms <= maxMs;
  return { name, ok, detail: ok ? '' : `${what} ${Math.round(ms)} ms` };
}
