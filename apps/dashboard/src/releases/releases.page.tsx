import { useMemo } from 'react';
import type { ReleaseResponse } from '@luofleet/contracts';
import { releaseList } from '../api/queries';
import { usePagedItems } from '../paging/use-paged-items';
import { Moment } from '../ui/moment';
import { PageFrame } from '../ui/page';
import { Empty, Loading } from '../ui/placeholders';
import { ProblemNotice } from '../ui/problem-notice';

/** Digits of a digest that tell releases apart at a glance; the whole one is in the title. */
const DIGEST_DIGITS_SHOWN = 12;

export function ReleasesPage() {
  const list = useMemo(releaseList, []);
  const releases = usePagedItems(list);
  return (
    <PageFrame title="Releases">
      {releases.error && (
        <ProblemNotice doing="Reading releases" error={releases.error} onRetry={releases.retry} />
      )}
      {releases.loading && <Loading what="releases" />}
      {releases.complete && releases.items.length === 0 && (
        <Empty title="No release is registered yet.">
          <p>
            Register one with <code>POST /api/v1/releases</code>; hosts are updated to it by a
            rollout.
          </p>
        </Empty>
      )}
      {releases.items.length > 0 && <ReleaseTable releases={releases.items} />}
    </PageFrame>
  );
}

function ReleaseTable({ releases }: { readonly releases: readonly ReleaseResponse[] }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Release</th>
            <th scope="col">Version</th>
            <th scope="col">Kind</th>
            <th scope="col">Image</th>
            <th scope="col">Handlers</th>
            <th scope="col">Registered</th>
          </tr>
        </thead>
        <tbody>
          {releases.map((release) => (
            <tr key={release.id}>
              <th scope="row">{release.name}</th>
              <td className="mono">{release.version}</td>
              <td>{release.kind}</td>
              <td className="cell-image">
                <span className="mono" title={release.imageUri}>
                  {release.imageUri}
                </span>
                <span className="mono muted" title={release.imageSha256}>
                  sha256 {release.imageSha256.slice(0, DIGEST_DIGITS_SHOWN)}…
                </span>
              </td>
              <td>
                <HandlerLabels handlers={release.handlers} />
              </td>
              <td>
                <Moment at={release.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HandlerLabels({ handlers }: { readonly handlers: readonly string[] }) {
  if (handlers.length === 0) return <span className="muted">none</span>;
  return (
    <span className="labels">
      {handlers.map((handler) => (
        <code key={handler} className="label">
          {handler}
        </code>
      ))}
    </span>
  );
}
