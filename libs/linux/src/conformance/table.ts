import type { Scenario } from './operation';
import { arrivingScenarios } from './scenarios/arriving.scenarios';
import { deviceScenarios } from './scenarios/device.scenarios';
import { incomingScenarios } from './scenarios/incoming.scenarios';
import { outgoingScenarios } from './scenarios/outgoing.scenarios';
import { refusalScenarios } from './scenarios/refusal.scenarios';

/** Every conformance scenario. */
export const conformanceTable: readonly Scenario[] = [
  ...deviceScenarios,
  ...outgoingScenarios,
  ...refusalScenarios,
  ...arrivingScenarios,
  ...incomingScenarios,
];

/** Kernels in a row that the longest scenario needs. */
export const bootsNeeded = Math.max(...conformanceTable.map(({ boots }) => boots.length));
