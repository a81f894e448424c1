import { Link, useParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import type { HostResponse } from '@luofleet/contracts';
import { hostQuery, hostSessionsQuery, recentEventsQuery } from '../api/queries';
import { describeUpdate, HOST_TONES, HOST_UPDATE_TONES } from '../state/tone';
import { EventList } from '../ui/event-list';
import { PageFrame, Section } from '../ui/page';
import { Empty, Loading } from '../ui/placeholders';
import { ProblemNotice } from '../ui/problem-notice';
import { StateBadge } from '../ui/state-badge';
import { HostActions } from './host-actions';
import { HostFacts } from './host.facts';
import { SessionCard } from './session-card';
import { WorkloadTable } from './workload-table';

export function HostPage() {
  const { idOrName = '' } = useParams();
  const { data: host, error, refetch } = useQuery(hostQuery(idOrName));
  if (host === undefined)
    return (
      <PageFrame title={idOrName}>
        {error ? (
          <ProblemNotice doing="Reading the host" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading what="the host" />
        )}
      </PageFrame>
    );
  return <HostDetail key={host.id} host={host} error={error} />;
}

interface HostDetailProps {
  readonly host: HostResponse;
  /** Of reading it again; what is shown is from before. */
  readonly error: Error | null;
}

function HostDetail({ host, error }: HostDetailProps) {
  return (
    <PageFrame
      title={host.name}
      aside={<StateBadge tone={HOST_TONES[host.state]}>{host.state}</StateBadge>}
      actions={<HostActions host={host} />}
      subtitle={
        host.update !== null && (
          <span>
            newest update:{' '}
            <Link to={`/rollouts/${host.update.rolloutName}`}>{host.update.rolloutName}</Link>{' '}
            <StateBadge tone={HOST_UPDATE_TONES[host.update.state]}>
              {describeUpdate(host.update)}
            </StateBadge>
          </span>
        )
      }
    >
      {error && <ProblemNotice doing="Reading the host again" error={error} />}
      <HostFacts host={host} />
      <Section title="Workloads">
        {host.workloads.length === 0 ? (
          <p className="muted">The agent has no workload configured.</p>
        ) : (
          <WorkloadTable workloads={host.workloads} />
        )}
      </Section>
      <HostSessions hostId={host.id} />
      <HostEvents hostId={host.id} />
    </PageFrame>
  );
}

function HostSessions({ hostId }: { readonly hostId: string }) {
  const { data, error, refetch } = useQuery(hostSessionsQuery(hostId));
  return (
    <Section title="Sessions and preserved files">
      {error && (
        <ProblemNotice doing="Reading sessions" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && !error && <Loading what="sessions" />}
      {data?.items.length === 0 && (
        <Empty title="No session yet.">
          <p>Sessions are opened in the preserve phase of a host update.</p>
        </Empty>
      )}
      {data?.items.map((session) => (
        <SessionCard key={session.id} session={session} />
      ))}
    </Section>
  );
}

function HostEvents({ hostId }: { readonly hostId: string }) {
  const { data, error, refetch } = useQuery(recentEventsQuery('host', hostId));
  return (
    <Section title="Recent events">
      {error && (
        <ProblemNotice doing="Reading events" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? !error && <Loading what="events" /> : <EventList events={data} />}
    </Section>
  );
}
