import type { RolloutResponse } from '@luofleet/contracts';
import { isRolloutTerminal } from '@luofleet/rollout';
import { Moment } from '../ui/moment';

/** What there was to know about the hosts when the rollout was applied; of no use any more once it has ended. */
export function PlanWarnings({ rollout }: { readonly rollout: RolloutResponse }) {
  const { plan, state, createdAt } = rollout;
  if (plan.warnings.length === 0 || isRolloutTerminal({ kind: state })) return null;
  return (
    <div className="notice tone-warning" role="note" aria-label="Warnings of the plan">
      <p className="notice-title">
        When it was applied, <Moment at={createdAt} show="time" />
      </p>
      <ul>
        {plan.warnings.map(({ code, message }) => (
          <li key={`${code} ${message}`}>
            {message} <code>{code}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
