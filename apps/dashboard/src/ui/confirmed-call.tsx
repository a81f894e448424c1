import type { ReactNode } from 'react';
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { ConfirmDialog } from './confirm-dialog';
import { ProblemNotice } from './problem-notice';

interface ConfirmedCallProps {
  readonly title: string;
  /** What is done, as a verb: "Skip". */
  readonly doing: string;
  readonly confirmLabel: string;
  readonly dangerous?: boolean;
  readonly call: () => Promise<unknown>;
  /** Answers that may say something else afterwards. */
  readonly touches: readonly QueryKey[];
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks, then calls. It closes once that is done; otherwise it stays, with what the control plane said. */
export function ConfirmedCall(props: ConfirmedCallProps) {
  const { title, doing, confirmLabel, dangerous = false, call, touches, onClose, children } = props;
  const client = useQueryClient();
  const action = useMutation({
    mutationFn: call,
    onSettled: () => Promise.all(touches.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  return (
    <ConfirmDialog
      title={title}
      confirmLabel={confirmLabel}
      dangerous={dangerous}
      busy={action.isPending}
      onConfirm={() => action.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      {children}
      {action.error && <ProblemNotice doing={doing} error={action.error} />}
    </ConfirmDialog>
  );
}
