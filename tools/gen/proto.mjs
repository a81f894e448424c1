// TypeScript from proto/, by buf and ts-proto. The settings are proto/buf.yaml and proto/buf.gen.yaml.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { workspace } from '../bootstrap/workspace.mjs';
import { runCommand } from './command.mjs';

/** Where the generated code goes. */
export const PROTO_OUTPUT = 'libs/proto/src/generated';

const protoDirectory = path.join(workspace, 'proto');

export const lintProto = () => runCommand('buf lint', 'buf', ['lint', protoDirectory]);

/** Generates into the same place below `root`; the template's output is relative to proto/. */
export function generateProto(root) {
  const base = path.join(root, 'proto');
  mkdirSync(base, { recursive: true });
  const template = path.join(protoDirectory, 'buf.gen.yaml');
  return runCommand('buf generate', 'buf', [
    'generate',
    protoDirectory,
    '--template',
    template,
    '-o',
    base,
  ]);
}
