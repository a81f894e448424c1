export { type DocumentFault, type DocumentResult } from './document';
export { readJson } from './json.document';
export { readYaml, readYamlDocuments, YAML_LENGTH_MAX, type YamlDocument } from './yaml.document';
