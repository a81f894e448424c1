// Apart from the rest, since an agent reads its command line before it loads anything else.
export { readOptions, RepeatedOptionError } from './read-options';
