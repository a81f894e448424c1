import type { RolloutResponse } from '@luofleet/contracts';
import { formatCount, percentOf } from '../format/quantity';
import { formatBlackout, formatElapsed } from '../format/time';
import { useNowMs } from '../ui/now';
import { endedTotal, failuresTotal } from './rollout.figures';

/** The figures an operator looks at first. */
export function RolloutFacts({ rollout }: { readonly rollout: RolloutResponse }) {
  const { hosts, blackoutMs, strategy, report } = rollout;
  const ended = endedTotal(hosts);
  const failures = failuresTotal(hosts);
  return (
    <dl className="facts">
      <div>
        <dt>Hosts ended</dt>
        <dd data-fact="ended">
          {formatCount(ended)}
          <small> of {formatCount(hosts.total)}</small>
        </dd>
        <dd className="fact-note">{percentOf(ended, hosts.total)}%</dd>
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
        <dt>{rollout.finishedAt === null ? 'Running for' : 'Took'}</dt>
        <dd>
          <Duration rollout={rollout} />
        </dd>
        <dd className="fact-note">at most {formatCount(strategy.maxConcurrent)} at once</dd>
      </div>
    </dl>
  );
}

function Duration({ rollout: { startedAt, finishedAt } }: { readonly rollout: RolloutResponse }) {
  const nowMs = useNowMs();
  if (startedAt === null) return '–';
  const startedAtMs = Date.parse(startedAt);
  if (finishedAt !== null) return formatElapsed(Date.parse(finishedAt) - startedAtMs);
  // Whole seconds while it runs: the clock of the page ticks once a second.
  return formatElapsed(Math.floor(Math.max(0, nowMs - startedAtMs) / 1000) * 1000);
}
