import { useState } from 'react';
import type { HostResponse } from '@luofleet/contracts';
import { postJson } from '../api/api.client';
import { ConfirmedCall } from '../ui/confirmed-call';

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
  /** As it was when the dialog opened: the dialog stays what it is when the host changes meanwhile. */
  const [asked, setAsked] = useState<keyof typeof WORDS | null>(null);
  const offered = host.state === 'decommissioned' ? 'recommission' : 'decommission';
  return (
    <>
      <button
        type="button"
        className={`button${WORDS[offered].dangerous ? ' is-danger-quiet' : ''}`}
        onClick={() => setAsked(offered)}
      >
        {WORDS[offered].label}
      </button>
      {asked !== null && (
        <ConfirmedCall
          title={`${WORDS[asked].label} ${host.name}?`}
          doing={WORDS[asked].label}
          confirmLabel={`${WORDS[asked].label} host`}
          dangerous={WORDS[asked].dangerous}
          call={() => postJson(`/hosts/${host.id}/${asked}`)}
          touches={[['host'], ['hosts']]}
          onClose={() => setAsked(null)}
        >
          <p>{WORDS[asked].consequence}</p>
        </ConfirmedCall>
      )}
    </>
  );
}
