import { randomUUID } from 'node:crypto';
import {
  type PlanResponse,
  type RolloutManifestInput,
  type RolloutPreviewResponse,
  rolloutPreviewSchema,
  type RolloutResponse,
  rolloutSchema,
} from '@luofleet/contracts';
import { CliError, EXIT } from '../cli.error';
import { formatHosts, formatSome } from '../output/words';
import type { CommandContext } from './command.context';
import { type PlacedManifest, readManifests } from './manifest.reader';

export interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
}

type Applied = RolloutResponse | RolloutPreviewResponse;

/** Applies every manifest in its order; the first that is refused ends it, and what was applied before it stays. */
export async function apply(context: CommandContext, options: ApplyOptions): Promise<void> {
  const { printer } = context;
  const manifests = await readManifests(options.filename, context.stdin, context.signal);
  if (manifests.length > 1 && options.idempotencyKey !== undefined)
    throw new CliError(
      EXIT.usage,
      `--idempotency-key is for one manifest; here are ${manifests.length}`,
    );
  const applied: Applied[] = [];
  const several = manifests.length > 1 && printer.format !== 'table';
  try {
    for (const one of manifests) {
      const answer = await applyOne(context, options, one.manifest).catch((error: unknown) => {
        throw manifests.length > 1 ? placed(error, one, applied.length) : error;
      });
      applied.push(answer);
      if (!several) printer.object(answer, linesOf);
    }
  } finally {
    if (several) printer.object({ items: applied }, () => []);
  }
}

/**
 * The request carries an idempotency key, so when the connection breaks it is sent once more: the same rollout is the
 * answer, whether or not the first one arrived.
 */
async function applyOne(
  { client }: CommandContext,
  { dryRun, idempotencyKey = randomUUID() }: ApplyOptions,
  body: RolloutManifestInput,
): Promise<Applied> {
  const request = { method: 'POST', body } as const;
  if (dryRun)
    return client.request('/rollouts', rolloutPreviewSchema, { ...request, query: { dryRun } });
  const headers = { 'idempotency-key': idempotencyKey };
  const send = () => client.request('/rollouts', rolloutSchema, { ...request, headers });
  return send().catch((error: unknown) => {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable) return send();
    throw error;
  });
}

function placed(error: unknown, { place }: PlacedManifest, before: number): unknown {
  if (!(error instanceof CliError)) return error;
  const done = `${before} applied before it, none after it`;
  return new CliError(error.exitCode, `${place}: ${error.message} (${done})`, error.faults, {
    cause: error,
  });
}

function linesOf(applied: Applied): string[] {
  const head =
    'dryRun' in applied
      ? `rollout ${applied.name} (dry run, nothing is stored)`
      : `rollout ${applied.name} applied, id ${applied.id}`;
  return [head, ...planLines(applied.plan)];
}

function planLines(plan: PlanResponse): string[] {
  const waves = plan.waves.map(({ index, size, hostsTotal, hosts }) => {
    const names = formatSome(
      hosts.map(({ name }) => name),
      hostsTotal,
    );
    const asked = typeof size === 'string' ? ` (${size} of ${plan.hostsTotal})` : '';
    return `  wave ${index + 1}${asked}: ${formatHosts(hostsTotal)}: ${names}`;
  });
  return [...waves, ...plan.warnings.map(({ code, message }) => `  warning ${code}: ${message}`)];
}
