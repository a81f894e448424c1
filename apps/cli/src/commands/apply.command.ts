import { randomUUID } from 'node:crypto';
import {
  type PlanResponse,
  type RolloutManifestInput,
  type RolloutPreviewResponse,
  rolloutPreviewSchema,
  type RolloutResponse,
  rolloutSchema,
} from '@luofleet/contracts';
import { CliError, EXIT, formatError } from '../cli.error';
import { formatHosts, formatSome } from '../output/words';
import type { CommandContext } from './command.context';
import { type PlacedManifest, readManifests } from './manifest.reader';

export interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
}

type Applied = RolloutResponse | RolloutPreviewResponse;

/**
 * Applies every manifest in its order. One that is refused is told and does not keep the others from being applied; a control
 * plane that can not be reached does.
 */
export async function apply(context: CommandContext, options: ApplyOptions): Promise<void> {
  const { printer } = context;
  const manifests = await readManifests(options.filename, context.stdin, context.signal);
  if (manifests.length > 1 && options.idempotencyKey !== undefined)
    throw new CliError(
      EXIT.usage,
      `--idempotency-key is for one manifest; here are ${manifests.length}`,
    );
  const [first] = manifests;
  if (manifests.length === 1 && first !== undefined)
    return printer.object(await applyOne(context, options, first.manifest), linesOf);
  const applied: Applied[] = [];
  const refusals: CliError[] = [];
  try {
    for (const one of manifests) {
      try {
        const answer = await applyOne(context, options, one.manifest);
        applied.push(answer);
        if (printer.format === 'table') printer.object(answer, linesOf);
      } catch (error) {
        if (!(error instanceof CliError) || context.signal.aborted) throw error;
        const refusal = placed(error, one);
        if (error.exitCode === EXIT.unreachable) throw withRest(refusal, applied, refusals);
        formatError(refusal).forEach((line) => printer.note(line));
        refusals.push(refusal);
      }
    }
  } finally {
    if (printer.format !== 'table') printer.object({ items: applied }, () => []);
  }
  if (refusals.length > 0) throw someRefused(refusals, manifests.length);
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

const placed = (error: CliError, { place }: PlacedManifest): CliError =>
  new CliError(error.exitCode, `${place}: ${error.message}`, error.faults, { cause: error });

function withRest(error: CliError, applied: Applied[], refused: CliError[]): CliError {
  const before = `${applied.length} applied and ${refused.length} refused before it, none tried after it`;
  return new CliError(error.exitCode, `${error.message} (${before})`, error.faults, {
    cause: error,
  });
}

/** With the exit code that all refusals share. */
function someRefused(refusals: CliError[], total: number): CliError {
  const codes = new Set(refusals.map(({ exitCode }) => exitCode));
  const [exitCode = EXIT.failed] = codes.size === 1 ? codes : [];
  return new CliError(exitCode, `${refusals.length} of ${total} manifests refused, see above`);
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
