import type { Hello } from '@luofleet/proto';
import type { HostIntroduction } from '@luofleet/persistence';
import type { BackendName } from '@luofleet/contracts';
import { LuofleetError } from '@luofleet/platform';
import { capabilitiesOf, RELEASE_KINDS } from '@luofleet/rollout';
import { backendFromWire } from '../delivery/wire';
import type { HostStream } from '../delivery/stream.registry';
import type { Outbox } from './outbox';

/** One agent's stream once it has said hello. */
export class AgentConnection implements HostStream {
  constructor(
    readonly hostId: string,
    readonly hostName: string,
    readonly machineId: string,
    private readonly outbox: Outbox,
  ) {}

  send(message: Parameters<HostStream['send']>[0]): void {
    this.outbox.send(message);
  }

  sayGoodbye(code: Parameters<HostStream['sayGoodbye']>[0], detail: string): void {
    this.outbox.send({ $case: 'goodbye', value: { code, detail } });
    this.outbox.end();
  }
}

const MACHINE_ID = /^[A-Za-z0-9._-]{0,128}$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/**
 * A hello as the record wants it.
 * @throws LuofleetError INVALID_INPUT
 */
export function introductionOf(hello: Hello): HostIntroduction {
  const backend = backendFromWire(hello.backend);
  if (!HOST_NAME.test(hello.hostName))
    throw badHello(hello, 'hostName', 'is not a host name (letters, digits, "-", "_" and ".")');
  if (!MACHINE_ID.test(hello.machineId))
    throw badHello(hello, 'machineId', 'is not a machine id (letters, digits, "-", "_" and ".")');
  if (backend === null) throw badHello(hello, 'backend', 'is not known');
  const {
    hostName,
    machineId,
    streamNumber,
    labels,
    failureDomain,
    bootId,
    incarnationId,
    agentVersion,
  } = hello;
  const { runningVersion, runningSha256, kernelRelease, handlers, workloads, generation } = hello;
  const { openCommandKeys, capabilities } = hello;
  return {
    // One host whatever the letter case: names are compared and kept in lower case.
    name: hostName.toLowerCase(),
    ...{ machineId, streamNumber },
    ...{ labels, failureDomain, backend, bootId, incarnationId, agentVersion },
    ...{
      runningVersion,
      runningSha256,
      kernelRelease,
      handlers,
      capabilities: capabilities.length > 0 ? capabilities : FIRST_CAPABILITIES[backend],
      workloads,
      generation,
      openCommandKeys,
    },
  };
}

/** Those that agents know from before they said so; a later phase is none of these. */
const FIRST_PHASES = [
  'preflight',
  'preserve',
  'freeze',
  'reboot',
  'retrieve',
  'finish',
  'verify',
  'rollback',
];
const FIRST_CAPABILITIES: Readonly<Record<BackendName, readonly string[]>> = {
  kernel: capabilitiesOf(['kernel'], FIRST_PHASES),
  engine: capabilitiesOf(['runtime'], FIRST_PHASES),
  memory: capabilitiesOf(RELEASE_KINDS, FIRST_PHASES),
};

function badHello(hello: Hello, path: string, message: string): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'connect agent',
    subject: `host ${hello.hostName}`,
    detail: `The agent's hello is not valid: ${path} ${message}.`,
    issues: [{ path, message }],
  });
}
