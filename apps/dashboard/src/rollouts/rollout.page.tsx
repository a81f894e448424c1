import { useMemo, useState } from 'react';
import { useParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import type { RolloutResponse } from '@luofleet/contracts';
import { recentEventsQuery, rolloutQuery, updateList } from '../api/queries';
import { countOf, formatCount } from '../format/quantity';
import { usePagedItems } from '../paging/use-paged-items';
import { rolloutTone } from '../state/tone';
import { EventList } from '../ui/event-list';
import { Moment } from '../ui/moment';
import { PageFrame, Section } from '../ui/page';
import { Loading } from '../ui/placeholders';
import { ProblemNotice } from '../ui/problem-notice';
import { StateBadge } from '../ui/state-badge';
import { PlanWarnings } from './plan-warnings';
import { ProgressBar, ProgressLegend } from './progress-bar';
import { RolloutActions } from './rollout-actions';
import { RolloutFacts } from './rollout.facts';
import { SkipOffline } from './skip-offline';
import { UpdateMatrix } from './update-matrix';
import { WaitingReport } from './waiting-report';
import { WaveList } from './wave-list';

export function RolloutPage() {
  const { idOrName = '' } = useParams();
  const { data: rollout, error, refetch } = useQuery(rolloutQuery(idOrName));
  if (rollout === undefined)
    return (
      <PageFrame title={idOrName}>
        {error ? (
          <ProblemNotice doing="Reading the rollout" error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading what="the rollout" />
        )}
      </PageFrame>
    );
  return <RolloutDetail key={rollout.id} rollout={rollout} error={error} />;
}

interface RolloutDetailProps {
  readonly rollout: RolloutResponse;
  /** Of reading it again; what is shown is from before. */
  readonly error: Error | null;
}

function RolloutDetail({ rollout, error }: RolloutDetailProps) {
  const [waveIndex, setWaveIndex] = useState<number | null>(null);
  return (
    <PageFrame
      title={rollout.name}
      aside={
        <span data-rollout-state={rollout.state}>
          <StateBadge tone={rolloutTone(rollout.state)}>{rollout.state}</StateBadge>
        </span>
      }
      actions={<RolloutActions rollout={rollout} />}
      subtitle={<RolloutSubtitle rollout={rollout} />}
    >
      {error && <ProblemNotice doing="Reading the rollout again" error={error} />}
      {rollout.reason !== null && rollout.reason.code !== '' && (
        <div className={`notice tone-${rolloutTone(rollout.state)}`}>
          <p className="notice-title">{rollout.reason.detail}</p>
          <p>
            <code>{rollout.reason.code}</code>
          </p>
        </div>
      )}
      <PlanWarnings rollout={rollout} />
      <ProgressBar label="Host updates" hosts={rollout.hosts} />
      <ProgressLegend hosts={rollout.hosts} />
      {rollout.report.headline !== '' && <p className="headline">{rollout.report.headline}</p>}
      <RolloutFacts rollout={rollout} />
      <div className="columns">
        <Section title="Waves">
          <WaveList waves={rollout.waves} selected={waveIndex} onSelect={setWaveIndex} />
        </Section>
        <Section title="What waits, and why" aside={<SkipOffline rollout={rollout} />}>
          <WaitingReport report={rollout.report} />
        </Section>
      </div>
      <HostUpdates rollout={rollout} waveIndex={waveIndex} />
      <RolloutEvents rolloutId={rollout.id} />
    </PageFrame>
  );
}

function RolloutSubtitle({ rollout }: { readonly rollout: RolloutResponse }) {
  return (
    <>
      <span>
        to <strong>{rollout.release.name}</strong>{' '}
        <span className="mono muted">{rollout.release.version}</span>
      </span>
      <span>
        on{' '}
        {rollout.selector === '' ? 'every host' : <code className="label">{rollout.selector}</code>}
      </span>
      <span>
        applied <Moment at={rollout.createdAt} />
      </span>
    </>
  );
}

function HostUpdates({
  rollout,
  waveIndex,
}: {
  readonly rollout: RolloutResponse;
  readonly waveIndex: number | null;
}) {
  const list = useMemo(() => updateList(rollout.id), [rollout.id]);
  const updates = usePagedItems(list);
  const counts =
    waveIndex === null
      ? rollout.hosts
      : (rollout.waves.find(({ index }) => index === waveIndex)?.hosts ?? rollout.hosts);
  return (
    <Section
      title={waveIndex === null ? 'Hosts by phase' : `Hosts of wave ${waveIndex + 1} by phase`}
      aside={
        <span className="muted" role="status">
          {updates.complete
            ? countOf(counts.total, 'host')
            : `${formatCount(updates.items.length)} of ${countOf(rollout.hosts.total, 'host')} loaded…`}
        </span>
      }
    >
      {updates.error && (
        <ProblemNotice
          doing="Reading the host updates"
          error={updates.error}
          onRetry={updates.retry}
        />
      )}
      {updates.loading && <Loading what="host updates" />}
      {updates.items.length > 0 && (
        <UpdateMatrix
          rollout={rollout}
          updates={updates.items}
          hosts={counts}
          waveIndex={waveIndex}
        />
      )}
    </Section>
  );
}

function RolloutEvents({ rolloutId }: { readonly rolloutId: string }) {
  const { data, error, refetch } = useQuery(recentEventsQuery('rollout', rolloutId));
  return (
    <Section title="Recent events">
      {error && (
        <ProblemNotice doing="Reading events" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? !error && <Loading what="events" /> : <EventList events={data} />}
    </Section>
  );
}
