/**
 * DOC: applying a rollout
 *
 * Purpose: turns a checked manifest into a stored rollout with its plan, in one transaction, or shows the plan only.
 *
 * Happy path: release and hosts are looked up, the planner makes waves, rollout, waves and host updates are stored,
 * the reconciler is woken.
 * Unhappy paths: no such release, a bad wave size, no host that matches, a name that is taken: nothing is stored. The
 * same idempotency key with the same manifest gives the rollout that was stored; with another manifest it is refused.
 * Ordering: the idempotency key is taken first, so that of two equal requests one waits and then finds the other's.
 */
import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RolloutManifest } from '@luofleet/contracts';
import {
  Database,
  insertRollout,
  keepAppliedManifest,
  matchHosts,
  overlappingRollouts,
  ReleasesRepository,
  type ReleaseRecord,
  type RolloutRecord,
  RolloutsReader,
  type StoredPlan,
  takeIdempotencyKey,
  type UnitOfWork,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import { type PlanProblem, planWaves, type Strategy } from '@luofleet/rollout';
import { FollowUps } from '../progress/follow-ups';
import { planWithWarnings } from './plan-warnings';
import { requirementsOf } from '../input/selector.requirements';

/** What would be stored. */
export interface RolloutPreview {
  readonly name: string;
  readonly release: ReleaseRecord;
  readonly selector: string;
  readonly strategy: Strategy;
  readonly plan: StoredPlan;
}

@Injectable()
export class RolloutIntake {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReleasesRepository) private readonly releases: ReleasesRepository,
    @Inject(RolloutsReader) private readonly rollouts: RolloutsReader,
    @Inject(FollowUps) private readonly followUps: FollowUps,
  ) {}

  /** @throws LuofleetError NOT_FOUND, INVALID_INPUT, ALREADY_EXISTS, CONFLICT */
  async apply(manifest: RolloutManifest, idempotencyKey?: string): Promise<RolloutRecord> {
    const { name } = manifest.metadata;
    const release = await this.releaseOf(manifest);
    const rolloutId = await this.database.transaction('apply rollout', `rollout ${name}`, (unit) =>
      idempotencyKey === undefined
        ? this.insert(unit, manifest, release)
        : this.insertOnce(unit, manifest, release, idempotencyKey),
    );
    this.followUps.planSoon([rolloutId]);
    return this.rollouts.get(rolloutId);
  }

  /** The plan as it would be now; stores nothing. */
  async preview(manifest: RolloutManifest): Promise<RolloutPreview> {
    const { name } = manifest.metadata;
    const release = await this.releaseOf(manifest);
    return this.database.transaction('plan rollout', `rollout ${name}`, (unit) =>
      this.plan(unit, manifest, release),
    );
  }

  private async insertOnce(
    unit: UnitOfWork,
    manifest: RolloutManifest,
    release: ReleaseRecord,
    idempotencyKey: string,
  ): Promise<string> {
    const manifestSha256 = createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
    const applied = await takeIdempotencyKey(unit, idempotencyKey);
    if (applied !== null) {
      if (applied.manifestSha256 === manifestSha256) return applied.rolloutId;
      throw new LuofleetError({
        code: 'CONFLICT',
        operation: 'apply rollout',
        subject: `rollout ${manifest.metadata.name}`,
        detail:
          'Another manifest was applied under this idempotency key; use a new key for a new manifest.',
        issues: [{ path: 'Idempotency-Key', message: 'was used with another manifest' }],
      });
    }
    const rolloutId = await this.insert(unit, manifest, release);
    await keepAppliedManifest(unit, idempotencyKey, { rolloutId, manifestSha256 });
    return rolloutId;
  }

  private async insert(
    unit: UnitOfWork,
    manifest: RolloutManifest,
    release: ReleaseRecord,
  ): Promise<string> {
    return insertRollout(unit, await this.plan(unit, manifest, release));
  }

  private async plan(
    unit: UnitOfWork,
    manifest: RolloutManifest,
    release: ReleaseRecord,
  ): Promise<RolloutPreview> {
    const { selector } = manifest.spec;
    const strategy = strategyOf(manifest);
    const hosts = await matchHosts(
      unit.client,
      requirementsOf(selector, 'spec.selector'),
      release.kind,
    );
    const result = planWaves(hosts, strategy);
    if (result.kind === 'invalid') throw unplannable(manifest, result.problems);
    const ids = hosts.map(({ id }) => id);
    const overlaps = await overlappingRollouts(unit.client, ids, release.id);
    const { waves } = result.plan;
    const plan = planWithWarnings({ hosts, waves, release, strategy, overlaps });
    return { name: manifest.metadata.name, release, selector, strategy, plan };
  }

  private async releaseOf(manifest: RolloutManifest): Promise<ReleaseRecord> {
    const { release } = manifest.spec;
    try {
      return await this.releases.get(release);
    } catch (error) {
      if (!(error instanceof LuofleetError) || error.code !== 'NOT_FOUND') throw error;
      throw new LuofleetError({
        code: 'NOT_FOUND',
        operation: 'apply rollout',
        subject: `rollout ${manifest.metadata.name}`,
        detail: `There is no release ${release}; register it first (luofleet release create ${release} --version VERSION --image FILE, or POST /api/v1/releases).`,
        issues: [{ path: 'spec.release', message: 'is not registered' }],
        cause: error,
      });
    }
  }
}

function strategyOf(manifest: RolloutManifest): Strategy {
  const { soak, finishRetry, phaseTimeouts, offline, ...rest } = manifest.spec.strategy;
  return {
    ...rest,
    soakMs: soak,
    finishRetryMs: finishRetry,
    offline: { waitMs: offline.waitFor, then: offline.then },
    phaseTimeoutsMs: phaseTimeouts,
  };
}

function unplannable(manifest: RolloutManifest, problems: readonly PlanProblem[]): LuofleetError {
  const issues = problems.map(({ path, message }) => ({
    path: path.startsWith('waves') ? `spec.strategy.${path}` : 'spec.selector',
    message,
  }));
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'plan rollout',
    subject: `rollout ${manifest.metadata.name}`,
    detail: `The rollout can not be planned: ${issues.map(({ message }) => message).join('; ')}.`,
    issues,
  });
}
