import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RolloutResponse } from '@luofleet/contracts';
import { postJson } from '../api/api.client';
import { countOf } from '../format/quantity';
import { ConfirmDialog } from '../ui/confirm-dialog';
import { ProblemNotice } from '../ui/problem-notice';

/** Leaves the hosts out that the rollout waits for because they are offline; with a confirmation. */
export function SkipOffline({ rollout }: { readonly rollout: RolloutResponse }) {
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const action = useMutation({
    mutationFn: () =>
      postJson<RolloutResponse>(`/rollouts/${encodeURIComponent(rollout.name)}/skip`, {
        offline: true,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ['rollout', rollout.name] }),
  });
  const waiting = rollout.report.waitCounts['HOST_OFFLINE'] ?? 0;
  if (waiting === 0) return null;
  const close = (): void => {
    setAsked(false);
    action.reset();
  };
  return (
    <>
      <button type="button" className="button" onClick={() => setAsked(true)}>
        Skip offline hosts
      </button>
      {asked && (
        <ConfirmDialog
          title={`Skip the offline hosts of ${rollout.name}?`}
          confirmLabel="Skip hosts"
          dangerous={false}
          busy={action.isPending}
          onConfirm={() => action.mutate(undefined, { onSuccess: close })}
          onClose={close}
        >
          <p>
            {countOf(waiting, 'host')} whose turn has come, and all others that have not started and
            are offline, are left out. Undo: luofleet unskip {rollout.name} HOST.
          </p>
          {action.error && <ProblemNotice doing="Skip" error={action.error} />}
        </ConfirmDialog>
      )}
    </>
  );
}
