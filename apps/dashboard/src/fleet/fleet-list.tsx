import { memo } from 'react';
import { Link } from 'react-router';
import type { HostResponse } from '@luofleet/contracts';
import { describeHost, FLEET_TONES, fleetStateOf } from '../state/tone';
import { Moment } from '../ui/moment';
import { StateBadge } from '../ui/state-badge';
import { VirtualRows } from '../ui/virtual-rows';

const ROW_PX = 40;
const COLUMNS = ['Host', 'State', 'Release', 'Backend', 'Failure domain', 'Labels', 'Last seen'];

/** Every host in a row. A table to assistive technology, of which only the rows in view are in the page. */
export function FleetList({ hosts }: { readonly hosts: readonly HostResponse[] }) {
  return (
    <div
      role="table"
      aria-label="Hosts"
      aria-rowcount={hosts.length + 1}
      className="grid-table fleet-list"
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" className="grid-row">
          {COLUMNS.map((column) => (
            <span key={column} role="columnheader">
              {column}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup">
        <VirtualRows
          count={hosts.length}
          rowHeight={() => ROW_PX}
          rowKey={(index) => hosts[index]?.id ?? String(index)}
          renderRow={(index) => {
            const host = hosts[index];
            return host && <HostRow host={host} rowIndex={index + 2} />;
          }}
        />
      </div>
    </div>
  );
}

interface HostRowProps {
  readonly host: HostResponse;
  readonly rowIndex: number;
}

const HostRow = memo(function HostRow({ host, rowIndex }: HostRowProps) {
  const fleetState = fleetStateOf(host);
  const labels = Object.entries(host.labels).map(([key, value]) => `${key}=${value}`);
  return (
    <div role="row" aria-rowindex={rowIndex} className="grid-row" data-host={host.name}>
      <span role="cell" className="cell-name">
        <Link to={`/hosts/${host.name}`}>{host.name}</Link>
      </span>
      <span role="cell">
        <StateBadge tone={FLEET_TONES[fleetState]}>{describeHost(host)}</StateBadge>
      </span>
      <span role="cell" className="mono" title={host.kernelRelease}>
        {host.runningVersion || '–'}
      </span>
      <span role="cell">{host.backend}</span>
      <span role="cell">{host.failureDomain || '–'}</span>
      <span role="cell" className="cell-labels" title={labels.join(', ')}>
        {labels.map((label) => (
          <code key={label} className="label">
            {label}
          </code>
        ))}
      </span>
      <span role="cell" className="muted">
        {host.state === 'online' ? 'now' : <Moment at={host.lastSeenAt} show="age" />}
      </span>
    </div>
  );
});
