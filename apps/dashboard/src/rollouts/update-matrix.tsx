import { memo, useMemo, useState } from 'react';
import { Link } from 'react-router';
import {
  PHASE_NAMES,
  type HostCountsResponse,
  type HostUpdateResponse,
  type HostUpdateStateName,
  type RolloutResponse,
} from '@luofleet/contracts';
import { offeredHostAction, type HostUpdateActionName } from '../api/rollout.actions';
import { formatCount } from '../format/quantity';
import { formatBlackout } from '../format/time';
import { describeUpdate, HOST_UPDATE_TONES } from '../state/tone';
import { StateBadge, ToneMark } from '../ui/state-badge';
import { Empty } from '../ui/placeholders';
import { VirtualRows } from '../ui/virtual-rows';
import { HOST_UPDATE_ACTION_LABELS, HostUpdateAction } from './host-update-action';
import { barSegments } from './rollout.figures';
import {
  filterUpdates,
  MATRIX_ORDERS,
  orderUpdates,
  phaseMarks,
  type MatrixOrder,
} from './update-matrix.rows';

const ROW_PX = 38;

interface UpdateMatrixProps {
  readonly rollout: Pick<RolloutResponse, 'id' | 'name' | 'state'>;
  readonly updates: readonly HostUpdateResponse[];
  readonly hosts: HostCountsResponse;
  readonly waveIndex: number | null;
}

/** Every host of the rollout against the phases: done, where it stands, still to come. */
export function UpdateMatrix({ rollout, updates, hosts, waveIndex }: UpdateMatrixProps) {
  const [asked, setAsked] = useState<AskedAction | null>(null);
  const [state, setState] = useState<HostUpdateStateName | null>(null);
  const [order, setOrder] = useState<MatrixOrder>('attention first');
  const shown = useMemo(
    () => orderUpdates(filterUpdates(updates, { state, waveIndex }), order),
    [updates, state, waveIndex, order],
  );
  return (
    <>
      <div className="matrix-bar">
        <fieldset className="chips">
          <legend className="visually-hidden">States</legend>
          {barSegments(hosts).map(({ state: each, count }) => (
            <button
              key={each}
              type="button"
              className="chip"
              aria-pressed={state === each}
              onClick={() => setState(state === each ? null : each)}
            >
              <ToneMark tone={HOST_UPDATE_TONES[each]} />
              {each} <span className="chip-count">{formatCount(count)}</span>
            </button>
          ))}
        </fieldset>
        <label className="field-inline">
          <span>Order</span>
          <select
            value={order}
            onChange={(event) =>
              setOrder(MATRIX_ORDERS.find((each) => each === event.target.value) ?? order)
            }
          >
            {MATRIX_ORDERS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <div
        role="table"
        aria-label="Hosts by phase"
        aria-rowcount={shown.length + 1}
        className="grid-table matrix"
      >
        <MatrixHead byPhase={hosts.byPhase} />
        <div role="rowgroup">
          <VirtualRows
            count={shown.length}
            rowHeight={() => ROW_PX}
            rowKey={(index) => shown[index]?.id ?? String(index)}
            renderRow={(index) => {
              const update = shown[index];
              return (
                update && (
                  <MatrixRow
                    update={update}
                    rowIndex={index + 2}
                    action={offeredHostAction(update, rollout.state)}
                    onAsk={setAsked}
                  />
                )
              );
            }}
          />
        </div>
      </div>
      {asked !== null && (
        <HostUpdateAction {...asked} rollout={rollout} onClose={() => setAsked(null)} />
      )}
      {shown.length === 0 && <Empty title="No host update matches this filter." />}
    </>
  );
}

function MatrixHead({ byPhase }: Pick<HostCountsResponse, 'byPhase'>) {
  return (
    <div role="rowgroup" className="grid-head">
      <div role="row" className="grid-row">
        <span role="columnheader">Host</span>
        <span role="columnheader">Wave</span>
        {PHASE_NAMES.map((phase) => (
          <span key={phase} role="columnheader" className="phase-head">
            {phase}
            <span className="phase-count">{byPhase[phase] ?? ''}</span>
          </span>
        ))}
        <span role="columnheader">State</span>
        <span role="columnheader" className="cell-number">
          Blackout
        </span>
        <span role="columnheader">Reason</span>
      </div>
    </div>
  );
}

interface AskedAction {
  readonly update: HostUpdateResponse;
  readonly action: HostUpdateActionName;
}

interface MatrixRowProps {
  readonly update: HostUpdateResponse;
  readonly rowIndex: number;
  readonly action: HostUpdateActionName | null;
  readonly onAsk: (asked: AskedAction) => void;
}

const MatrixRow = memo(function MatrixRow({ update, rowIndex, action, onAsk }: MatrixRowProps) {
  const { hostName, waveIndex, attempt, state, blackoutMs, reason } = update;
  return (
    <div
      role="row"
      aria-rowindex={rowIndex}
      className="grid-row"
      data-host={hostName}
      data-state={state}
    >
      <span role="cell" className="cell-name">
        <Link to={`/hosts/${hostName}`}>{hostName}</Link>
      </span>
      <span role="cell" className="muted">
        {waveIndex + 1}
      </span>
      {phaseMarks(update).map((mark, index) => {
        const phase = PHASE_NAMES[index] ?? '';
        const tone = mark.kind === 'now' ? ` tone-${mark.tone}` : '';
        return (
          <span
            key={phase}
            role="cell"
            className="phase-cell"
            title={`${phase}: ${mark.kind === 'now' ? describeUpdate(update) : mark.kind}`}
          >
            <span className={`phase is-${mark.kind}${tone}`}>
              <span className="visually-hidden">
                {mark.kind === 'now' ? state : mark.kind === 'done' ? 'done' : 'to come'}
              </span>
            </span>
          </span>
        );
      })}
      <span role="cell" className="cell-state">
        <StateBadge tone={HOST_UPDATE_TONES[state]}>{state}</StateBadge>
        {attempt > 1 && action === null && <span className="muted attempt">attempt {attempt}</span>}
        {action !== null && (
          <button
            type="button"
            className="button is-small"
            aria-label={`${HOST_UPDATE_ACTION_LABELS[action]} ${hostName}`}
            onClick={() => onAsk({ update, action })}
          >
            {HOST_UPDATE_ACTION_LABELS[action]}
          </button>
        )}
      </span>
      <span role="cell" className="cell-number">
        {blackoutMs === null ? '–' : formatBlackout(blackoutMs)}
      </span>
      <span role="cell" className="cell-reason" title={reason?.detail}>
        {reason !== null && reason.code !== '' && (
          <>
            <code>{reason.code}</code> {reason.detail}
          </>
        )}
      </span>
    </div>
  );
});
