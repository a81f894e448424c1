import type { RolloutActionName, RolloutResponse } from '@luofleet/contracts';
import { formatReason } from '../output/words';
import type { CommandContext } from './command.context';

/** Pauses, resumes, aborts or retries a rollout. */
export async function act(
  context: CommandContext,
  action: RolloutActionName,
  name: string,
): Promise<void> {
  const rollout = await context.client.request<RolloutResponse>(
    `/rollouts/${encodeURIComponent(name)}/${action}`,
    { method: 'POST' },
  );
  context.printer.object(rollout, () => {
    const reason = formatReason(rollout.reason);
    return `rollout ${rollout.name} is ${rollout.state}${reason === '' ? '' : ` (${reason})`}`;
  });
}
