// Compares what npm installed (its own record in node_modules) with what the lock file asks for.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Why node_modules is not what package-lock.json says, or undefined when it is.
 * Optional packages for other systems are in the lock but never installed.
 */
export function findStaleness(workspace) {
  const installed = readPackages(path.join(workspace, 'node_modules', '.package-lock.json'));
  if (!installed) return 'nothing is installed yet';
  const wanted = readPackages(path.join(workspace, 'package-lock.json'));
  if (!wanted) return 'package-lock.json cannot be read';
  for (const [where, entry] of Object.entries(wanted)) {
    if (where === '') continue;
    const found = installed[where];
    if (!found && !entry.optional && !entry.devOptional && !entry.peer)
      return `${where} is missing`;
    if (found && found.version !== entry.version)
      return `${where} is ${found.version}, not ${entry.version}`;
  }
  return Object.keys(installed)
    .filter((where) => !wanted[where])
    .map((where) => `${where} is no longer wanted`)[0];
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
