/** Positions of the words of a row. u64 values are two halves: a million bigints would be a million heap objects. */
export const WORD = {
  dataLow: 0,
  dataHigh: 1,
  tokenLow: 2,
  tokenHigh: 3,
  retrieveStatus: 4,
  identityHeld: 5,
  entry: 6,
} as const;
export const ROW_WORDS = 7;
export type FileWord = (typeof WORD)[keyof typeof WORD];
