// The clock, and the bounds it gives, for programs that load nothing else of this library.
export { type Clock, systemClock } from './clock';
export { Rounds } from './rounds';
export { limited, settledWithin, TimeLimit, within } from './time-limit';
