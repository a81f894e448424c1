import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { HostResponse } from '@luofleet/contracts';
import { postJson } from '../api/api.client';
import { ConfirmDialog } from '../ui/confirm-dialog';
import { ProblemNotice } from '../ui/problem-notice';

const WORDS = {
  decommission: {
    label: 'Decommission',
    consequence:
      'The host leaves the fleet: what has not started is cancelled, an update under way counts as lost, and its agent is turned away.',
    dangerous: true,
  },
  recommission: {
    label: 'Recommission',
    consequence:
      'The host is in the fleet again, offline until its agent connects. Updates that ended stay so.',
    dangerous: false,
  },
} as const;

/** Takes the host out of the fleet, or back in; with a confirmation. */
export function HostActions({ host }: { readonly host: HostResponse }) {
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const verb = host.state === 'decommissioned' ? 'recommission' : 'decommission';
  const { label, consequence, dangerous } = WORDS[verb];
  const action = useMutation({
    mutationFn: () => postJson<HostResponse>(`/hosts/${host.id}/${verb}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['host'] }),
  });
  const close = (): void => {
    setAsked(false);
    action.reset();
  };
  return (
    <>
      <button
        type="button"
        className={`button${dangerous ? ' is-danger-quiet' : ''}`}
        onClick={() => setAsked(true)}
      >
        {label}
      </button>
      {asked && (
        <ConfirmDialog
          title={`${label} ${host.name}?`}
          confirmLabel={`${label} host`}
          dangerous={dangerous}
          busy={action.isPending}
          onConfirm={() => action.mutate(undefined, { onSuccess: close })}
          onClose={close}
        >
          <p>{consequence}</p>
          {action.error && <ProblemNotice doing={label} error={action.error} />}
        </ConfirmDialog>
      )}
    </>
  );
}
