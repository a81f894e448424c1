/** Injection tokens of what has no class. */
export const LOGGER = Symbol('logger');
export const CLOCK = Symbol('clock');
