/** A stop that takes longer is cut off: whatever it waits for, Postgres has what matters. */
export const STOP_WITHIN_MS = 8_000;

/** What a stop waits for one piece of work that is repeated anyway: others have their turn after it, goodbyes too. */
export const STOP_STEP_MS = 1_000;
