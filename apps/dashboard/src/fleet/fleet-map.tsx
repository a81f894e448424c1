import {
  memo,
  useCallback,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
} from 'react';
import { Link, useNavigate } from 'react-router';
import type { HostResponse } from '@luofleet/contracts';
import { countOf } from '../format/quantity';
import { describeHost, FLEET_TONES, fleetStateOf } from '../state/tone';
import { ToneMark } from '../ui/state-badge';
import { useWidth } from '../ui/use-width';
import { VirtualRows } from '../ui/virtual-rows';
import {
  layOutMap,
  moveInMap,
  type CellPosition,
  type Direction,
  type MapRow,
} from './fleet-map.rows';

/** Cells are smaller in large fleets, so that a whole fleet is seen with little scrolling. */
const CELL_SIZES = [
  { hostsMax: 60, cellPx: 34 },
  { hostsMax: 600, cellPx: 24 },
  { hostsMax: Number.POSITIVE_INFINITY, cellPx: 16 },
] as const;
const DOMAIN_ROW_PX = 34;

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

/** The whole fleet at a glance: one cell a host, by failure domain. One tab stop; arrows move, Enter opens. */
export function FleetMap({ hosts }: { readonly hosts: readonly HostResponse[] }) {
  const [frameRef, width, frame] = useWidth();
  const navigate = useNavigate();
  const cellPx = CELL_SIZES.find(({ hostsMax }) => hosts.length <= hostsMax)?.cellPx ?? 16;
  const rows = useMemo(
    () => layOutMap(hosts, Math.max(1, Math.floor(width / cellPx))),
    [hosts, width, cellPx],
  );
  const [cursor, setCursor] = useState<CellPosition | null>(null);
  const [hovered, setHovered] = useState<HostResponse | null>(null);
  const focused = useRef(false);
  // Scrolling by keyboard moves cells under a pointer that rests; that is not pointing.
  const pointing = useRef(true);
  const at = cursor === null ? undefined : rows[cursor.row];
  const current =
    at?.kind === 'cells' && cursor !== null ? (at.hosts[cursor.column] ?? null) : null;

  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = DIRECTIONS[event.key];
    if (direction !== undefined) {
      event.preventDefault();
      pointing.current = false;
      setHovered(null);
      setCursor((from) =>
        from === null
          ? moveInMap(rows, { row: -1, column: 0 }, 'first')
          : moveInMap(rows, from, direction),
      );
    } else if (event.key === 'Enter' && current !== null) void navigate(`/hosts/${current.name}`);
  };

  const onHover = useCallback((host: HostResponse): void => {
    if (pointing.current) setHovered(host);
  }, []);

  const told = hovered ?? (focused.current ? current : null);
  return (
    <div className="fleet-map" style={{ '--cell': `${cellPx}px` } as CSSProperties}>
      <p className="map-caption" role="status">
        {told === null ? (
          <span className="muted">
            Point at a host, or move with the arrow keys, to see what it is.
          </span>
        ) : (
          <HostCaption host={told} />
        )}
      </p>
      <div
        ref={frameRef}
        role="group"
        tabIndex={0}
        className="map-frame"
        aria-label={`Map of ${countOf(hosts.length, 'host')}. Arrow keys move, Enter opens a host.`}
        onKeyDown={onKeyDown}
        onFocus={() => (focused.current = true)}
        onBlur={() => (focused.current = false)}
        onMouseMove={({ movementX, movementY }) => {
          if (movementX !== 0 || movementY !== 0) pointing.current = true;
        }}
        onMouseLeave={() => setHovered(null)}
      >
        {frame !== null && width > 0 && (
          <VirtualRows
            count={rows.length}
            rowKey={(index) => rowKeyOf(rows[index], index)}
            rowHeight={(index) => (rows[index]?.kind === 'domain' ? DOMAIN_ROW_PX : cellPx)}
            revealRow={cursor?.row}
            renderRow={(index) => {
              const row = rows[index];
              if (row?.kind === 'domain') return <DomainHeading row={row} />;
              return (
                <div className="map-row">
                  {row?.hosts.map((host) => (
                    <MapCell
                      key={host.id}
                      host={host}
                      current={host === current}
                      onHover={onHover}
                    />
                  ))}
                </div>
              );
            }}
          />
        )}
      </div>
    </div>
  );
}

function rowKeyOf(row: MapRow | undefined, index: number): string {
  if (row?.kind === 'domain') return `domain ${row.domain}`;
  return `cells ${row?.hosts[0]?.id ?? index}`;
}

function DomainHeading({ row }: { readonly row: Extract<MapRow, { kind: 'domain' }> }) {
  return (
    <p className="map-domain">
      {row.domain === '' ? 'No failure domain' : row.domain}{' '}
      <span className="muted">{countOf(row.hostsTotal, 'host')}</span>
    </p>
  );
}

interface MapCellProps {
  readonly host: HostResponse;
  readonly current: boolean;
  readonly onHover: (host: HostResponse) => void;
}

const MapCell = memo(function MapCell({ host, current, onHover }: MapCellProps) {
  const tone = FLEET_TONES[fleetStateOf(host)];
  return (
    <Link
      to={`/hosts/${host.name}`}
      tabIndex={-1}
      className={`map-cell tone-${tone}${current ? ' is-current' : ''}`}
      aria-label={`${host.name}: ${describeHost(host)}`}
      onMouseEnter={() => onHover(host)}
    />
  );
});

function HostCaption({ host }: { readonly host: HostResponse }) {
  return (
    <>
      <ToneMark tone={FLEET_TONES[fleetStateOf(host)]} />
      <strong>{host.name}</strong>
      <span>{describeHost(host)}</span>
      <span className="muted">{host.runningVersion || 'release not known'}</span>
      <span className="muted">{host.backend}</span>
      {host.update !== null && <span className="muted">rollout {host.update.rolloutName}</span>}
    </>
  );
}
