import type { RolloutResponse } from '@luofleet/contracts';
import { formatCount, percentOf } from '../format/quantity';
import { formatBlackout, formatElapsed } from '../format/time';
import { Moment } from '../ui/moment';
import { useNowMs } from '../ui/now';
import { failuresTotal, notUpdatedTotal, updatedTotal } from './rollout.figures';

/** The figures an operator looks at first. */
export function RolloutFacts({ rollout }: { readonly rollout: RolloutResponse }) {
  const { hosts, blackoutMs, strategy, report } = rollout;
  const updated = updatedTotal(hosts);
  const notUpdated = notUpdatedTotal(hosts);
  const failures = failuresTotal(hosts);
  return (
    <dl className="facts">
      <div>
        <dt>Hosts updated</dt>
        <dd data-fact="updated">
          {formatCount(updated)}
          <small> of {formatCount(hosts.total)}</small>
        </dd>
        <dd className="fact-note">
          {percentOf(updated, hosts.total)}%
          {notUpdated > 0 && `, ${formatCount(notUpdated)} ended without the release`}
        </dd>
      </div>
      <div>
        <dt>Failures</dt>
        <dd className={failures > strategy.maxFailures ? 'is-bad' : ''}>{formatCount(failures)}</dd>
        <dd className="fact-note">
          {formatCount(strategy.maxFailures)} allowed
          {report.failuresLeft !== null && `, ${formatCount(report.failuresLeft)} left`}
        </dd>
      </div>
      {(['p50', 'p99', 'max'] as const).map((name) => (
        <div key={name}>
          <dt>Blackout {name}</dt>
          <dd data-fact={`blackout-${name}`}>
            {blackoutMs[name] === null ? '–' : formatBlackout(blackoutMs[name])}
          </dd>
          <dd className="fact-note">
            {blackoutMs.count === 0
              ? 'none measured yet'
              : `${formatCount(blackoutMs.count)} hosts`}
          </dd>
        </div>
      ))}
      <div>
        <dt>{durationWords(rollout)}</dt>
        <dd>
          <Duration rollout={rollout} />
        </dd>
        <dd className="fact-note">at most {formatCount(strategy.maxConcurrent)} at once</dd>
      </div>
    </dl>
  );
}

function durationWords({ state, finishedAt }: RolloutResponse): string {
  if (finishedAt !== null) return 'Took';
  return state === 'paused' ? 'Started' : 'Running for';
}

function Duration({ rollout }: { readonly rollout: RolloutResponse }) {
  const { state, startedAt, finishedAt } = rollout;
  const nowMs = useNowMs();
  if (startedAt === null) return '–';
  // It does not run while it is paused, so nothing counts up.
  if (finishedAt === null && state === 'paused') return <Moment at={startedAt} show="time" />;
  const startedAtMs = Date.parse(startedAt);
  if (finishedAt !== null) return formatElapsed(Date.parse(finishedAt) - startedAtMs);
  // Whole seconds while it runs: the clock of the page ticks once a second.
  return formatElapsed(Math.floor(Math.max(0, nowMs - startedAtMs) / 1000) * 1000);
}
