export { type DocumentFault, type DocumentResult } from './document';
export { readJson } from './json.document';
export { readYaml, YAML_LENGTH_MAX } from './yaml.document';
