import { useState } from 'react';
import type { RolloutActionName, RolloutResponse } from '@luofleet/contracts';
import { offeredActions, useRolloutAction } from '../api/rollout.actions';
import { ConfirmDialog } from '../ui/confirm-dialog';
import { ProblemNotice } from '../ui/problem-notice';

interface ActionWords {
  readonly label: string;
  readonly consequence: string;
  readonly dangerous: boolean;
}

const ACTION_WORDS: Readonly<Record<RolloutActionName, ActionWords>> = {
  pause: {
    label: 'Pause',
    consequence: 'No further host update starts. Those under way go on to their end.',
    dangerous: false,
  },
  resume: {
    label: 'Resume',
    consequence:
      'Host updates start again. Failures so far are accepted and no longer count in the failure budget.',
    dangerous: false,
  },
  abort: {
    label: 'Abort',
    consequence:
      'No further host update starts. Those before the point of no return are rolled back; those past it go on to their end.',
    dangerous: true,
  },
  retry: {
    label: 'Retry',
    consequence:
      'Every host update that was rolled back, failed, was lost or cancelled is attempted again.',
    dangerous: false,
  },
};

/** Buttons for what can be done with the rollout now, each with a confirmation. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutResponse }) {
  const [asked, setAsked] = useState<RolloutActionName | null>(null);
  const action = useRolloutAction(rollout.name);
  const close = (): void => {
    setAsked(null);
    action.reset();
  };
  return (
    <>
      {offeredActions(rollout.state).map((name) => (
        <button
          key={name}
          type="button"
          className={`button${ACTION_WORDS[name].dangerous ? ' is-danger-quiet' : ''}`}
          onClick={() => setAsked(name)}
        >
          {ACTION_WORDS[name].label}
        </button>
      ))}
      {asked !== null && (
        <ConfirmDialog
          title={`${ACTION_WORDS[asked].label} ${rollout.name}?`}
          confirmLabel={`${ACTION_WORDS[asked].label} rollout`}
          dangerous={ACTION_WORDS[asked].dangerous}
          busy={action.isPending}
          onConfirm={() => action.mutate(asked, { onSuccess: close })}
          onClose={close}
        >
          <p>{ACTION_WORDS[asked].consequence}</p>
          {action.error && <ProblemNotice doing={ACTION_WORDS[asked].label} error={action.error} />}
        </ConfirmDialog>
      )}
    </>
  );
}
