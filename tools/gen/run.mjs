#!/usr/bin/env node
// Generates the code under src/generated/ from proto/ and prisma/schema.prisma: `npm run gen`.
// With --check nothing is written; it fails when what is there differs from what would be generated.
//
// Everything is generated into a scratch folder laid out like the repository first, so a failing generator leaves the
// repository as it was.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies } from '../bootstrap/ensure-dependencies.mjs';
import { readOptions } from '../bootstrap/read-options.mjs';
import { reportError, SetupError } from '../bootstrap/setup-error.mjs';
import { stoppable } from '../bootstrap/stop-signal.mjs';
import { cacheDirectory, workspace } from '../bootstrap/workspace.mjs';
import { compareFolders, mirrorFolder } from './folders.mjs';
import { generatePrisma, PRISMA_OUTPUT } from './prisma.mjs';
import { generateProto, lintProto, PROTO_OUTPUT } from './proto.mjs';

const OUTPUTS = [PROTO_OUTPUT, PRISMA_OUTPUT];

async function generate(args) {
  const { check } = readOptions({
    args,
    usage: 'usage: npm run gen [-- --check]',
    options: { check: { type: 'boolean', default: false } },
  }).values;
  await ensureDependencies();
  const scratch = path.join(cacheDirectory, `gen-${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  try {
    await Promise.all([lintProto(), generateProto(scratch), generatePrisma(scratch)]);
    const differences = OUTPUTS.flatMap((output) =>
      compareFolders(path.join(scratch, output), path.join(workspace, output)).map(
        (line) => `${output}/${line}`,
      ),
    );
    if (differences.length === 0) return console.log('Generated code is up to date.');
    if (check) {
      throw new SetupError(
        `Generated code is not what proto/ and prisma/ say:\n  ${differences.join('\n  ')}`,
        {
          advice: 'Run `npm run gen` and commit the result.',
        },
      );
    }
    for (const output of OUTPUTS)
      mirrorFolder(path.join(scratch, output), path.join(workspace, output));
    console.log(differences.join('\n'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

stoppable(() => generate(process.argv.slice(2))).catch((error) => process.exit(reportError(error)));
