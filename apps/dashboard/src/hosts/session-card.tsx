import { Link } from 'react-router';
import type { PreservedFileResponse, SessionWithFilesResponse } from '@luofleet/contracts';
import { countOf, formatBytes } from '../format/quantity';
import { FILE_TONES, SESSION_TONES } from '../state/tone';
import { Moment } from '../ui/moment';
import { StateBadge } from '../ui/state-badge';

/** One session with every file it preserves. */
export function SessionCard({ session }: { readonly session: SessionWithFilesResponse }) {
  return (
    <article className="session" aria-label={`Session ${session.name}`} data-session={session.name}>
      <header className="session-head">
        <h3>{session.name}</h3>
        <StateBadge tone={SESSION_TONES[session.state]}>{session.state}</StateBadge>
        {session.assumed && <Assumed />}
        <span className="muted">
          workload {session.workload}, rollout{' '}
          <Link to={`/rollouts/${session.rolloutName}`}>{session.rolloutName}</Link>, attempt{' '}
          {session.attempt}, {countOf(session.filesTotal, 'file')}
        </span>
        <span className="session-time">
          <Moment at={session.updatedAt} show="time" />
        </span>
      </header>
      {session.files.length === 0 ? (
        <p className="muted">No file was preserved in this session.</p>
      ) : (
        <FileTable files={session.files} />
      )}
    </article>
  );
}

function FileTable({ files }: { readonly files: readonly PreservedFileResponse[] }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">File</th>
            <th scope="col">Compatible</th>
            <th scope="col">State</th>
            <th scope="col" className="cell-number">
              Size
            </th>
            <th scope="col">Data handle</th>
            <th scope="col">Errno</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr key={file.token} data-token={file.token}>
              <th scope="row" className="mono">
                {file.token}
              </th>
              <td>{file.name}</td>
              <td className="mono">{file.compatible}</td>
              <td>
                <StateBadge tone={FILE_TONES[file.state]}>{file.state}</StateBadge>
                {file.assumed && <Assumed />}
              </td>
              <td className="cell-number">{formatBytes(file.sizeBytes)}</td>
              <td className="mono">{file.dataHandle}</td>
              <td className="mono">{errnoText(file) || '–'}</td>
              <td>
                {file.reason !== null && file.reason.code !== '' ? (
                  <>
                    <code>{file.reason.code}</code> {file.reason.detail}
                  </>
                ) : (
                  '–'
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Beside an end that follows from the end of the host update. */
function Assumed() {
  return (
    <span className="muted" title="The host has not said so itself.">
      {' '}
      assumed
    </span>
  );
}

/** `EBUSY (16)`. */
function errnoText({ reason }: PreservedFileResponse): string {
  if (!reason?.errnoCode) return '';
  return reason.errno ? `${reason.errnoCode} (${reason.errno})` : reason.errnoCode;
}
