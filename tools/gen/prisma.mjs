// The Prisma client from prisma/schema.prisma.

import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { workspace } from '../bootstrap/workspace.mjs';
import { prismaCli, prismaEnvironment } from '../prisma/run.mjs';
import { runCommand } from './command.mjs';

/** Where the generated code goes. */
export const PRISMA_OUTPUT = 'libs/persistence/src/generated/prisma';

/** Generates into the same place below `root`: the schema names its output relative to itself, so it is copied there. */
export function generatePrisma(root) {
  const schema = path.join(root, 'prisma', 'schema.prisma');
  mkdirSync(path.dirname(schema), { recursive: true });
  cpSync(path.join(workspace, 'prisma', 'schema.prisma'), schema);
  const args = [prismaCli(), 'generate', '--schema', schema, '--no-hints'];
  return runCommand('prisma generate', process.execPath, args, { env: prismaEnvironment });
}
