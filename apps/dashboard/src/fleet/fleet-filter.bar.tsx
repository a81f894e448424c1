import { useEffect, useId, useState, type FormEvent } from 'react';
import { FLEET_STATES, FLEET_TONES } from '../state/tone';
import { formatCount } from '../format/quantity';
import { ToneMark } from '../ui/state-badge';
import { selectorFault, toggleState, type FilteredFleet, type FleetFilter } from './fleet.filter';

interface FleetFilterBarProps {
  readonly filter: FleetFilter;
  readonly countsByState: FilteredFleet['countsByState'];
  readonly onChange: (filter: FleetFilter) => void;
}

export function FleetFilterBar({ filter, countsByState, onChange }: FleetFilterBarProps) {
  return (
    <div className="filter-bar" role="search" aria-label="Filter hosts">
      <label className="field">
        <span>Find</span>
        <input
          type="search"
          value={filter.text}
          placeholder="name, label, version, domain"
          onChange={(event) => onChange({ ...filter, text: event.target.value })}
        />
      </label>
      <SelectorField
        selector={filter.selector}
        onApply={(selector) => onChange({ ...filter, selector })}
      />
      <fieldset className="chips">
        <legend className="visually-hidden">States</legend>
        {FLEET_STATES.map((state) => (
          <button
            key={state}
            type="button"
            className="chip"
            aria-pressed={filter.states.includes(state)}
            onClick={() => onChange(toggleState(filter, state))}
          >
            <ToneMark tone={FLEET_TONES[state]} />
            {state} <span className="chip-count">{formatCount(countsByState[state])}</span>
          </button>
        ))}
      </fieldset>
    </div>
  );
}

interface SelectorFieldProps {
  readonly selector: string;
  readonly onApply: (selector: string) => void;
}

/** Asks the control plane, so it is applied with Enter and not with every letter. */
function SelectorField({ selector, onApply }: SelectorFieldProps) {
  const [text, setText] = useState(selector);
  const faultId = useId();
  useEffect(() => setText(selector), [selector]);
  const fault = selectorFault(text);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (fault === null) onApply(text.trim());
  };
  return (
    <form className="field field-selector" onSubmit={submit}>
      <label>
        <span>Selector</span>
        <input
          type="text"
          value={text}
          placeholder="zone=a,role in (db,web)"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          aria-invalid={fault !== null}
          aria-describedby={fault === null ? undefined : faultId}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => fault === null && onApply(text.trim())}
        />
      </label>
      {fault !== null && (
        <span id={faultId} className="field-fault">
          {fault}
        </span>
      )}
    </form>
  );
}
