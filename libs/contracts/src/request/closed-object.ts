import { z } from 'zod';

/** An object with these fields and no others. Of another one it says which there are: most are misspelt. */
export function closedObject<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(', ') || 'none';
  const message = `unknown field; known here: ${known}`;
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? message : undefined),
  });
}
