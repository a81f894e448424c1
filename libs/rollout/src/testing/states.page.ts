import type { HostUpdateEvent } from '../host-update/host-update.event';
import { advanceHostUpdate } from '../host-update/host-update.machine';
import type { HostUpdateState } from '../host-update/host-update.state';
import type { HostUpdateStep } from '../host-update/host-update.step';
import { HOST_UPDATE_KINDS, HOST_UPDATE_TRAITS } from '../host-update/host-update.traits';
import { PHASES } from '../model/phase';
import { advanceRollout, type RolloutEventKind } from '../rollout/rollout.machine';
import { ROLLOUT_KINDS, type RolloutState } from '../rollout/rollout.state';
import { advanceWave, WAVE_KINDS, type WaveEvent, type WaveState } from '../wave/wave.machine';
import { WAITS } from '../plan/plan-report';
import { START_GATES } from '../plan/start-gates';
import { STRATEGY } from './strategy.fixture';

/** Writes docs/states.md by asking the machines; nothing in its tables is typed by hand. */
export function statesPage(): string {
  return (
    [
      '# States',
      'Written from the tables in `libs/rollout` by `UPDATE_DOCS=1 npx jest -c jest.config.cjs libs/rollout/src/states.doc.spec.ts`; a test compares. Why they are so is said in the DOC blocks of `host-update.machine.ts`, `rollout.machine.ts`, `wave.machine.ts` and `rollout.planner.ts`.',
      'In a cell: the state that follows, then `+` the commands issued. `·` is ignored (late or a repeat), `✗` is illegal (contradicts the record, or an operator asks for what is not possible). Neither changes anything.',
      '## Host update: kinds',
      kindsTable(),
      '## Host update: results',
      'A result of the phase the update stands at, of the attempt that runs. `held` was refused before and has no result to wait for. Results of later phases of the blackout chain (freeze, reboot, retrieve) count the same from freeze on and imply the earlier ones; results of earlier phases, attempts and finish tries are ignored.',
      grid(
        'state',
        resultEvents('preflight').map(([name]) => name),
        hostStates().map(([name, state]) => [
          name,
          resultEvents('phase' in state ? state.phase : 'finish').map(([, event]) =>
            sayHost(state, event),
          ),
        ]),
      ),
      '`rolling-back` and `lost` when the host turns out to have rebooted:',
      grid(
        'state',
        ['reboot succeeded', 'retrieve succeeded'],
        hostStates()
          .filter(([name]) => /^(rolling-back|lost) (freeze|reboot)$/.test(name))
          .map(([name, state]) => [
            name,
            (['reboot', 'retrieve'] as const).map((phase) =>
              sayHost(state, { kind: 'phase-succeeded', phase, ...OF }),
            ),
          ]),
      ),
      '## Host update: everything else',
      grid(
        'state',
        OTHER_EVENTS.map(({ kind }) => kind),
        hostStates().map(([name, state]) => [
          name,
          OTHER_EVENTS.map((event) => sayHost(state, event)),
        ]),
      ),
      'finish that was refused for the last time: `failed` with `FINISH_REFUSED`.',
      '## Rollout',
      grid(
        'state',
        ROLLOUT_EVENTS,
        ROLLOUT_KINDS.map((kind) => [kind, ROLLOUT_EVENTS.map((event) => sayRollout(kind, event))]),
      ),
      '`ended` becomes `failed` when at least one host update failed, or when hosts were left out and none was updated. `retry-requested` sends every failed or cancelled host update back to pending, and those skipped for being offline.',
      '## Wave',
      grid(
        'state',
        WAVE_EVENTS.map(([name]) => name),
        WAVE_KINDS.map((kind) => [kind, WAVE_EVENTS.map(([, event]) => sayWave(kind, event))]),
      ),
      '## Gates',
      'What a pending host update passes before it starts, in order. It starts exactly when none holds it; the first one that does is its reason.',
      grid(
        'gate',
        ['in words'],
        START_GATES.map(({ code }) => [`\`${code}\``, [WAITS[code]]]),
      ),
    ].join('\n\n') + '\n'
  );
}

const NOW = 1_000;
const OF = { attempt: 1, finishTry: 0 } as const;
const REASON = { code: 'E', detail: 'test' };

const OTHER_EVENTS: readonly HostUpdateEvent[] = [
  { kind: 'started' },
  { kind: 'deadline-passed' },
  { kind: 'hold-elapsed' },
  { kind: 'abort-requested' },
  { kind: 'retry-requested' },
  { kind: 'host-decommissioned' },
  { kind: 'host-absent' },
  { kind: 'host-returned' },
  { kind: 'already-on-release' },
  { kind: 'release-unfit', lacks: ['phase:x'] },
  { kind: 'skip-requested', why: '' },
  { kind: 'unskip-requested' },
  { kind: 'unstorable', reason: REASON },
];
const ROLLOUT_EVENTS: readonly RolloutEventKind[] = [
  'started',
  'pause-requested',
  'resume-requested',
  'abort-requested',
  'retry-requested',
  'unskip-requested',
  'failure-budget-spent',
  'ended',
  'reopened',
];
const WELL = { failures: 0, succeeded: 1, missed: 0, cancelled: 0 } as const;
const WAVE_EVENTS: readonly (readonly [string, WaveEvent])[] = [
  ['started', { kind: 'started' }],
  ['ended, all well', { kind: 'ended', ...WELL }],
  ['ended, some failed', { kind: 'ended', ...WELL, failures: 1 }],
  ['ended, nothing to do', { kind: 'ended', ...WELL, succeeded: 0 }],
  ['ended, all left out', { kind: 'ended', ...WELL, succeeded: 0, missed: 1 }],
  ['ended, some cancelled by an abort', { kind: 'ended', ...WELL, missed: 1, cancelled: 1 }],
  ['reopened', { kind: 'reopened' }],
];

function hostStates(): readonly (readonly [string, HostUpdateState])[] {
  const at = { reason: REASON, deadlineAtMs: NOW };
  const rollbackPhases = ['preflight', 'preserve', 'freeze', 'reboot'] as const;
  return [
    ['pending', { kind: 'pending', reason: REASON }],
    ['pending, absent', { kind: 'pending', ...at }],
    ...PHASES.map(
      (phase) => [`running ${phase}`, { kind: 'running', phase, deadlineAtMs: NOW }] as const,
    ),
    ...rollbackPhases.map(
      (phase) => [`rolling-back ${phase}`, { kind: 'rolling-back', phase, ...at }] as const,
    ),
    ['held', { kind: 'held', reason: REASON, retryAtMs: NOW }],
    ...PHASES.map((phase) => [`lost ${phase}`, { kind: 'lost', phase, reason: REASON }] as const),
    ['succeeded', { kind: 'succeeded' }],
    ['rolled-back', { kind: 'rolled-back', phase: 'freeze', reason: REASON }],
    ['failed', { kind: 'failed', phase: 'freeze', reason: REASON }],
    ['lost-state', { kind: 'lost-state', phase: 'retrieve', reason: REASON }],
    ['cancelled', { kind: 'cancelled', reason: REASON }],
    ['skipped', { kind: 'skipped', reason: REASON }],
    ['skipped, offline', { kind: 'skipped', reason: { ...REASON, code: 'HOST_OFFLINE' } }],
  ];
}

function resultEvents(
  phase: (typeof PHASES)[number],
): readonly (readonly [string, HostUpdateEvent])[] {
  const of = { attempt: 1, finishTry: phase === 'finish' ? 1 : 0 };
  return [
    ['succeeded', { kind: 'phase-succeeded', phase, ...of }],
    ['rolled-back', { kind: 'phase-rolled-back', phase, reason: REASON, ...of }],
    ['failed', { kind: 'phase-failed', phase, reason: REASON, ...of }],
    ['refused', { kind: 'phase-refused', phase, reason: REASON, ...of }],
    ['state-lost', { kind: 'phase-state-lost', phase, reason: REASON, ...of }],
    ['voided', { kind: 'phase-voided', phase, ...of }],
    ['rollback succeeded', { kind: 'rollback-succeeded', ...OF }],
    ['rollback failed', { kind: 'rollback-failed', reason: REASON, ...OF }],
    ['rollback refused', { kind: 'phase-refused', phase: 'rollback', reason: REASON, ...OF }],
  ];
}

function sayHost(state: HostUpdateState, event: HostUpdateEvent): string {
  const step = advanceHostUpdate(state, event, {
    nowMs: NOW,
    strategy: STRATEGY,
    attempt: 1,
    finishTries: 1,
    abortRequested: false,
  });
  return sayStep(step);
}

function sayStep(step: HostUpdateStep): string {
  if (step.kind !== 'advanced') return step.kind === 'ignored' ? '·' : '✗';
  const { state, effects } = step;
  const phase = state.kind === 'running' || state.kind === 'rolling-back' ? ` ${state.phase}` : '';
  const commands = effects.flatMap((effect) =>
    effect.kind === 'issue-commands' ? effect.commands.map((command) => command.phase) : [],
  );
  const marks = effects.some(({ kind }) => kind === 'record-abort-request') ? ', abort noted' : '';
  return `${state.kind}${phase}${marks}${commands.length > 0 ? ` + ${commands.join(', ')}` : ''}`;
}

function sayRollout(kind: (typeof ROLLOUT_KINDS)[number], event: RolloutEventKind): string {
  const state = { kind, reason: REASON, failuresAccepted: 0 } as RolloutState;
  const step = advanceRollout(
    state,
    { kind: event },
    { failures: 0, succeeded: 1, missed: 0, maxFailures: 0 },
  );
  if (step.kind !== 'advanced') return step.kind === 'ignored' ? '·' : '✗';
  return step.state.kind;
}

function sayWave(kind: (typeof WAVE_KINDS)[number], event: WaveEvent): string {
  const step = advanceWave({ kind, reason: REASON } as WaveState, event);
  return step.kind === 'advanced' ? step.state.kind : '·';
}

function kindsTable(): string {
  const traits = ['terminal', 'inFlight', 'failure', 'retryable'] as const;
  return grid(
    'kind',
    traits,
    HOST_UPDATE_KINDS.map((kind) => [
      kind,
      traits.map((trait) => (HOST_UPDATE_TRAITS[kind][trait] ? 'yes' : '')),
    ]),
  );
}

/** A Markdown table, padded the way the formatter pads it. */
function grid(
  corner: string,
  columns: readonly string[],
  rows: readonly (readonly [string, readonly string[]])[],
): string {
  const lines = [[corner, ...columns], ...rows.map(([name, cells]) => [name, ...cells])];
  const widths =
    lines[0]?.map((_, column) =>
      Math.max(3, ...lines.map((line) => (line[column] ?? '').length)),
    ) ?? [];
  const write = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [write(head), rule, ...body.map(write)].join('\n');
}
