// The two runtime releases of `npm start`: the one the agents run, and the next one.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { workspace } from './workspace.mjs';

const dist = path.join(workspace, 'dist/apps/agent');
const IMAGES = [path.join(dist, 'agent.cjs'), path.join(dist, 'images/agent-1.1.0.cjs')];

/** Registers both, unless the very same are there. Returns them, the current one first. */
export async function registerReleases(rest) {
  const { items: known } = await rest.get('/releases?limit=200');
  const releases = [];
  for (const image of IMAGES) releases.push(await registerRelease(rest, known, image));
  return releases;
}

async function registerRelease(rest, known, image) {
  const { stdout } = await promisify(execFile)(process.execPath, [image, 'version']);
  const { version, handlers } = JSON.parse(stdout);
  const imageSha256 = createHash('sha256').update(readFileSync(image)).digest('hex');
  const imageUri = `file://${image}`;
  const same = known.find((one) => one.imageSha256 === imageSha256 && one.imageUri === imageUri);
  if (same) return same;
  // A database of the user's may hold an earlier build under the plain name.
  const plain = `runtime-${version}`;
  const name = known.some((one) => one.name === plain)
    ? `${plain}-${imageSha256.slice(0, 8)}`
    : plain;
  return rest.post('/releases', {
    name,
    kind: 'runtime',
    version,
    imageUri,
    imageSha256,
    handlers,
  });
}
