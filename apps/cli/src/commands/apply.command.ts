import { randomUUID } from 'node:crypto';
import type { PlanResponse, RolloutPreviewResponse, RolloutResponse } from '@luofleet/contracts';
import { CliError, EXIT } from '../cli.error';
import { formatHosts } from '../output/words';
import type { CommandContext } from './command.context';
import { parseManifest, readManifestText } from './manifest.reader';

export interface ApplyOptions {
  readonly filename: string;
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
}

/**
 * Applies a rollout manifest. The request carries an idempotency key, so when the connection breaks it is sent once
 * more: the same rollout is the answer, whether or not the first one arrived.
 */
export async function apply(context: CommandContext, options: ApplyOptions): Promise<void> {
  const text = await readManifestText(options.filename, context.readStdin);
  const manifest = parseManifest(text, options.filename);
  if (options.dryRun) {
    const preview = await context.client.request<RolloutPreviewResponse>('/rollouts', {
      method: 'POST',
      query: { dryRun: true },
      body: manifest,
    });
    context.printer.object(preview, () =>
      [`rollout ${preview.name} (dry run, nothing is stored)`, ...planLines(preview.plan)].join(
        '\n',
      ),
    );
    return;
  }
  const send = () =>
    context.client.request<RolloutResponse>('/rollouts', {
      method: 'POST',
      body: manifest,
      headers: { 'idempotency-key': key },
    });
  const key = options.idempotencyKey ?? randomUUID();
  const rollout = await send().catch((error: unknown) => {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable) return send();
    throw error;
  });
  context.printer.object(rollout, () =>
    [`rollout ${rollout.name} applied, id ${rollout.id}`, ...planLines(rollout.plan)].join('\n'),
  );
}

/** Hosts named in a plan line before the rest is only counted. */
const HOSTS_NAMED_MAX = 8;

function planLines(plan: PlanResponse): string[] {
  const waves = plan.waves.map(({ index, size, hostsTotal, hosts }) => {
    const named = hosts.slice(0, HOSTS_NAMED_MAX).map(({ name }) => name);
    const more = hostsTotal - named.length;
    const asked = typeof size === 'string' ? ` (${size} of ${plan.hostsTotal})` : '';
    return `  wave ${index + 1}${asked}: ${formatHosts(hostsTotal)}: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  });
  return [...waves, ...plan.warnings.map(({ code, message }) => `  warning ${code}: ${message}`)];
}
