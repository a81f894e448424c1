// DOC: what texts and names may be, without the rest of the contracts: for programs that read a configuration.
export { hostNameSchema, labelsSchema } from './names.schema';
export { plainTextSchema } from './plain-text.schema';
