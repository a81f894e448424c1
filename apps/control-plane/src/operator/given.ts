import { closedObject, idOrNameSchema } from '@luofleet/contracts';

/** proto3 has no absent scalars: 0 and '' mean the default. */
export function given<Request extends object>(request: Request): Partial<Request> {
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== 0 && value !== ''),
  ) as Partial<Request>;
}

const referenceSchema = closedObject({ id: idOrNameSchema });

/** The id or name of what a request is about. */
export function referenceIn({ id }: { readonly id: string }): string {
  return referenceSchema.parse({ id }).id;
}
