import { useState } from 'react';
import type { RolloutResponse } from '@luofleet/contracts';
import { postJson } from '../api/api.client';
import { countOf } from '../format/quantity';
import { ConfirmedCall } from '../ui/confirmed-call';

/** Leaves the hosts out that the rollout waits for because they are offline; with a confirmation. */
export function SkipOffline({ rollout }: { readonly rollout: RolloutResponse }) {
  const [asked, setAsked] = useState(false);
  const waiting = rollout.report.waitCounts['HOST_OFFLINE'] ?? 0;
  return (
    <>
      {waiting > 0 && (
        <button type="button" className="button" onClick={() => setAsked(true)}>
          Skip offline hosts
        </button>
      )}
      {asked && (
        <ConfirmedCall
          title={`Skip the offline hosts of ${rollout.name}?`}
          doing="Skip"
          confirmLabel="Skip hosts"
          call={() => postJson(`/rollouts/${rollout.id}/skip`, { offline: true })}
          touches={[
            ['rollout', rollout.name],
            ['updates', rollout.id],
          ]}
          onClose={() => setAsked(false)}
        >
          <p>
            {countOf(waiting, 'host')} whose turn has come, and all others that have not started and
            are offline, are left out. Undo: Unskip beside each host.
          </p>
        </ConfirmedCall>
      )}
    </>
  );
}
