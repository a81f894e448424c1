// The control plane as a process: `main.cjs --role api|worker|all`. Prints one JSON line on stdout once it serves.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { asLuofleetError, createLogger } from '@luofleet/platform';
import { startControlPlane } from './boot/start-control-plane';
import { roleOf } from './settings/command-line';
import { controlPlaneSettings } from './settings/control-plane.settings';

async function main(): Promise<void> {
  const settings = controlPlaneSettings(process.env, roleOf(process.argv.slice(2)), randomUUID());
  const { stop, httpPort, grpcPort, replicaId } = await startControlPlane(settings);
  let stopping = false;
  const drain = () => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error, 'stop control plane'),
    );
  };
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
  process.stdout.write(`${JSON.stringify({ ready: true, httpPort, grpcPort, replicaId })}\n`);
}

function fail(thrown: unknown, operation: string): never {
  const error = asLuofleetError(thrown, operation);
  createLogger({ level: 'error', name: 'control-plane' }).error(error.message, { err: error });
  process.exit(error.mapping.exitCode);
}

main().catch((error: unknown) => fail(error, 'start control plane'));
