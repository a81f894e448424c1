import { type RolloutActionName, rolloutSchema } from '@luofleet/contracts';
import { pathPart } from '../api/path-part';
import { formatReason } from '../output/words';
import type { CommandContext } from './command.context';

/** Pauses, resumes, aborts or retries a rollout. */
export async function act(
  context: CommandContext,
  action: RolloutActionName,
  name: string,
): Promise<void> {
  const rollout = await context.client.request(
    `/rollouts/${pathPart(name)}/${action}`,
    rolloutSchema,
    { method: 'POST' },
  );
  context.printer.object(rollout, () => {
    const reason = formatReason(rollout.reason);
    return [`rollout ${rollout.name} is ${rollout.state}${reason === '' ? '' : ` (${reason})`}`];
  });
}
