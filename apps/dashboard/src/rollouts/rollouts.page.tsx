import { useMemo } from 'react';
import { Link } from 'react-router';
import type { RolloutSummaryResponse } from '@luofleet/contracts';
import { rolloutList } from '../api/queries';
import { formatCount } from '../format/quantity';
import { formatBlackout } from '../format/time';
import { usePagedItems } from '../paging/use-paged-items';
import { rolloutTone } from '../state/tone';
import { Moment } from '../ui/moment';
import { PageFrame } from '../ui/page';
import { Empty, Loading } from '../ui/placeholders';
import { ProblemNotice } from '../ui/problem-notice';
import { StateBadge } from '../ui/state-badge';
import { ProgressBar } from './progress-bar';
import { updatedTotal } from './rollout.figures';

export function RolloutsPage() {
  const list = useMemo(rolloutList, []);
  const rollouts = usePagedItems(list);
  return (
    <PageFrame title="Rollouts">
      {rollouts.error && (
        <ProblemNotice doing="Reading rollouts" error={rollouts.error} onRetry={rollouts.retry} />
      )}
      {rollouts.loading && <Loading what="rollouts" />}
      {rollouts.complete && rollouts.items.length === 0 && (
        <Empty title="No rollout has been applied yet.">
          <p>Describe one in a manifest and apply it:</p>
          <pre>luofleet apply -f rollout.yaml</pre>
        </Empty>
      )}
      {rollouts.items.length > 0 && <RolloutTable rollouts={rollouts.items} />}
    </PageFrame>
  );
}

function RolloutTable({ rollouts }: { readonly rollouts: readonly RolloutSummaryResponse[] }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Rollout</th>
            <th scope="col">State</th>
            <th scope="col">Release</th>
            <th scope="col" className="column-progress">
              Progress
            </th>
            <th scope="col" className="cell-number">
              Blackout p50
            </th>
            <th scope="col" className="cell-number">
              p99
            </th>
            <th scope="col" className="cell-number">
              max
            </th>
            <th scope="col">Applied</th>
          </tr>
        </thead>
        <tbody>
          {rollouts.map((rollout) => (
            <tr key={rollout.id} data-rollout={rollout.name}>
              <th scope="row">
                <Link to={`/rollouts/${rollout.name}`}>{rollout.name}</Link>
              </th>
              <td>
                <StateBadge tone={rolloutTone(rollout.state)}>{rollout.state}</StateBadge>
                {rollout.reason !== null && rollout.reason.code !== '' && (
                  <span className="muted row-reason">{rollout.reason.detail}</span>
                )}
              </td>
              <td>
                {rollout.release.name} <span className="mono muted">{rollout.release.version}</span>
              </td>
              <td>
                <ProgressBar label={`Progress of ${rollout.name}`} hosts={rollout.hosts} />
                <span className="muted">
                  {formatCount(updatedTotal(rollout.hosts))} of {formatCount(rollout.hosts.total)}{' '}
                  updated
                </span>
              </td>
              {(['p50', 'p99', 'max'] as const).map((name) => (
                <td key={name} className="cell-number">
                  {rollout.blackoutMs[name] === null
                    ? '–'
                    : formatBlackout(rollout.blackoutMs[name])}
                </td>
              ))}
              <td>
                <Moment at={rollout.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
