import type { HostResponse } from '@luofleet/contracts';

export type MapRow =
  | { readonly kind: 'domain'; readonly domain: string; readonly hostsTotal: number }
  | { readonly kind: 'cells'; readonly hosts: readonly HostResponse[] };

/** Hosts of each failure domain under its heading, as many in a row as fit; domains and hosts in natural order. */
export function layOutMap(hosts: readonly HostResponse[], cellsPerRow: number): MapRow[] {
  const byDomain = new Map<string, HostResponse[]>();
  for (const host of hosts) {
    const members = byDomain.get(host.failureDomain);
    if (members) members.push(host);
    else byDomain.set(host.failureDomain, [host]);
  }
  const rows: MapRow[] = [];
  for (const domain of [...byDomain.keys()].sort(natural.compare)) {
    const members = (byDomain.get(domain) ?? []).sort((a, b) => natural.compare(a.name, b.name));
    rows.push({ kind: 'domain', domain, hostsTotal: members.length });
    for (let start = 0; start < members.length; start += cellsPerRow)
      rows.push({ kind: 'cells', hosts: members.slice(start, start + cellsPerRow) });
  }
  return rows;
}

/** `host-2` before `host-10`. */
const natural = new Intl.Collator('en', { numeric: true });

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

export interface CellPosition {
  readonly row: number;
  readonly column: number;
}

/** Where the keyboard goes from a cell; headings are stepped over, and at an edge it stays. */
export function moveInMap(
  rows: readonly MapRow[],
  from: CellPosition,
  direction: Direction,
): CellPosition {
  const width = (row: number): number => {
    const at = rows[row];
    return at?.kind === 'cells' ? at.hosts.length : 0;
  };
  const rowFrom = (start: number, step: 1 | -1): number | null => {
    for (let row = start; row >= 0 && row < rows.length; row += step)
      if (width(row) > 0) return row;
    return null;
  };
  const into = (row: number | null, column: number): CellPosition =>
    row === null ? from : { row, column: Math.max(0, Math.min(column, width(row) - 1)) };
  switch (direction) {
    case 'left':
      return from.column > 0
        ? into(from.row, from.column - 1)
        : into(rowFrom(from.row - 1, -1), Number.MAX_SAFE_INTEGER);
    case 'right':
      return from.column + 1 < width(from.row)
        ? into(from.row, from.column + 1)
        : into(rowFrom(from.row + 1, 1), 0);
    case 'up':
      return into(rowFrom(from.row - 1, -1), from.column);
    case 'down':
      return into(rowFrom(from.row + 1, 1), from.column);
    case 'first':
      return into(rowFrom(0, 1), 0);
    case 'last':
      return into(rowFrom(rows.length - 1, -1), Number.MAX_SAFE_INTEGER);
  }
}
