import { z } from 'zod';

export interface WholeNumberBounds {
  readonly min: number;
  readonly max: number;
  /** What it is, for whoever sent something else. */
  readonly message: string;
}

/** A whole number as REST has it in text, in digits and nothing else, or as gRPC has it. */
export const wholeNumberSchema = ({ min, max, message }: WholeNumberBounds) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value),
    z.int({ error: message }).min(min, message).max(max, message),
  );
