import { useDeferredValue, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import { hostList, summaryQuery } from '../api/queries';
import { countOf, formatCount } from '../format/quantity';
import { usePagedItems } from '../paging/use-paged-items';
import { PageFrame } from '../ui/page';
import { Empty, Loading } from '../ui/placeholders';
import { ProblemNotice } from '../ui/problem-notice';
import { FleetFilterBar } from './fleet-filter.bar';
import { FleetList } from './fleet-list';
import { FleetMap } from './fleet-map';
import { filterFleet, readFilter, writeFilter, type FleetFilter } from './fleet.filter';

const VIEWS = ['map', 'list'] as const;
type View = (typeof VIEWS)[number];

export function FleetPage() {
  const [search, setSearch] = useSearchParams();
  const filter = readFilter(search);
  const view: View = search.get('view') === 'list' ? 'list' : 'map';
  const list = useMemo(() => hostList(filter.selector), [filter.selector]);
  const fleet = usePagedItems(list);
  const summary = useQuery(summaryQuery);

  // Typing stays quick in a large fleet: the rows follow when there is time.
  const deferredSearch = useDeferredValue(search.toString());
  const { hosts, countsByState } = useMemo(
    () => filterFleet(fleet.items, readFilter(new URLSearchParams(deferredSearch))),
    [fleet.items, deferredSearch],
  );

  const change = (next: FleetFilter): void =>
    setSearch(writeFilter(search, next), { replace: true });
  const show = (next: View): void => {
    const changed = new URLSearchParams(search);
    if (next === 'map') changed.delete('view');
    else changed.set('view', next);
    setSearch(changed, { replace: true });
  };

  return (
    <PageFrame
      title="Fleet"
      aside={
        summary.data && (
          <p className="page-figures">
            {countOf(summary.data.hosts.total, 'host')}, {formatCount(summary.data.hosts.online)}{' '}
            online
          </p>
        )
      }
      actions={
        <div className="segmented" role="group" aria-label="View">
          {VIEWS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={view === each}
              onClick={() => show(each)}
            >
              {each === 'map' ? 'Map' : 'List'}
            </button>
          ))}
        </div>
      }
    >
      <FleetFilterBar filter={filter} countsByState={countsByState} onChange={change} />
      {fleet.error && (
        <ProblemNotice doing="Reading the fleet" error={fleet.error} onRetry={fleet.retry} />
      )}
      {fleet.loading && <Loading what="hosts" />}
      {!fleet.complete && fleet.items.length > 0 && !fleet.error && (
        <p className="muted" role="status">
          {formatCount(fleet.items.length)} of {formatCount(summary.data?.hosts.total ?? 0)} hosts
          loaded…
        </p>
      )}
      {hosts.length > 0 &&
        (view === 'map' ? <FleetMap hosts={hosts} /> : <FleetList hosts={hosts} />)}
      {fleet.complete && hosts.length === 0 && (
        <NoHosts filtered={fleet.items.length > 0 || filter.selector !== ''} />
      )}
    </PageFrame>
  );
}

function NoHosts({ filtered }: { readonly filtered: boolean }) {
  if (filtered)
    return (
      <Empty title="No host matches this filter.">
        <p>Clear a field above, or choose other states.</p>
      </Empty>
    );
  return (
    <Empty title="No host has connected yet.">
      <p>Start an agent on a host and it appears here by itself:</p>
      <pre>node agent.cjs run --config agent.yaml</pre>
    </Empty>
  );
}
