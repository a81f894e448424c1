import { ApiError } from '../api/api.client';

interface ProblemNoticeProps {
  /** What was being done: "Reading the fleet". */
  readonly doing: string;
  readonly error: Error;
  readonly onRetry?: () => void;
}

/** What went wrong, where, and what can be done, as the control plane said it. */
export function ProblemNotice({ doing, error, onRetry }: ProblemNoticeProps) {
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <div className="notice tone-bad" role="alert">
      <p className="notice-title">
        {doing} failed: {problem?.title ?? error.name}
      </p>
      <p>{problem?.detail ?? error.message}</p>
      {problem !== null && problem.errors.length > 0 && (
        <ul>
          {problem.errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path !== '' && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      <p className="notice-foot">
        {problem !== null && (
          <code>
            {problem.code}
            {problem.status > 0 && ` · ${problem.status}`}
          </code>
        )}
        {onRetry && (
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}
