/**
 * DOC: who a host is
 *
 * Purpose: decides which host of the record a hello is about. A host is a machine (its machine id, enrolled with its first
 * hello); its name is a label that the machine may change. Whoever may enrol is decided where `new` is answered.
 *
 * Happy path: the machine is known, or its name is free; it takes the host's place, from its own older stream if there is one.
 *
 * Unhappy paths:
 * 1. The name is another machine's, at the first hello or at a rename: refused; that one is not disturbed.
 * 2. Two processes are the same machine (a copied state directory, a cloned virtual machine): an incarnation that comes back
 *    after another one took its place, or a stream's number that comes twice, proves it, since one machine has one
 *    incarnation after the other and each counts its streams. What came back is refused; for a while after that only a
 *    newer stream of the process that is there takes the place of a live stream, so that the two can not take turns.
 *    A number lower than the newest proves nothing: a hello of a stream that its process has left comes late. It is
 *    sent away.
 * 3. Agents that send no machine id are known by name. Once a machine is enrolled they are let in under its name only
 *    within the boot that the record knows: the machine went back to an older agent. A machine id that comes to a host
 *    which has none is enrolled, unless that host is connected out of another boot; then only if the hello holds a command
 *    of that host that goes on in a new boot.
 * 4. A machine that was taken out of the fleet stays out under any name; its name is free for others.
 */
export interface Introduced {
  /** Lower-case. */
  readonly name: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly incarnationId: string;
  readonly streamNumber: bigint;
}

/** A host of the record that has the name or the machine id of a hello. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly streamIncarnation: string;
  readonly streamNumber: bigint;
  /** Connected and heard of lately. */
  readonly live: boolean;
  /** Two processes were this host at once, lately. */
  readonly contested: boolean;
  readonly decommissioned: boolean;
}

export type Verdict<Known extends Candidate> =
  | { readonly kind: 'new' }
  | { readonly kind: 'known' | 'decommissioned' | 'superseded'; readonly host: Known }
  | {
      readonly kind: 'refused';
      readonly host: Known;
      readonly code: 'NAME_TAKEN' | 'IDENTITY_SHARED';
      readonly detail: string;
    };

/**
 * `wasReplaced` says whether another incarnation took the hello's one's place on a host, `isRebooted` whether the hello
 * holds an open command of a host that goes on in a new boot.
 */
export function identify<Known extends Candidate>(
  hello: Introduced,
  candidates: readonly Known[],
  wasReplaced: (host: Known) => boolean,
  isRebooted: (host: Known) => boolean,
): Verdict<Known> {
  const { name, machineId, bootId } = hello;
  const fleet = candidates.filter(({ decommissioned }) => !decommissioned);
  const named = fleet.find((host) => host.name === name);
  const own = machineId === '' ? undefined : fleet.find((host) => host.machineId === machineId);
  if (own) return named && named !== own ? taken(hello, named) : place(hello, own, wasReplaced);
  const left = candidates.find((host) => host.decommissioned && isSameMachine(hello, host));
  if (left && (machineId !== '' || !named)) return { kind: 'decommissioned', host: left };
  if (!named) return { kind: 'new' };
  const isOtherBoot = named.bootId !== bootId;
  if (
    isOtherBoot &&
    (named.machineId !== '' || (machineId !== '' && named.live && !isRebooted(named)))
  )
    return taken(hello, named);
  if (machineId !== '' && named.machineId !== '') return taken(hello, named);
  return place(hello, named, wasReplaced);
}

/** Whether a decommissioned host is the machine that says hello, as far as agents without a machine id can be told apart. */
function isSameMachine({ name, machineId, bootId }: Introduced, host: Candidate): boolean {
  if (machineId !== '' && host.machineId !== '') return host.machineId === machineId;
  return host.name === name && (machineId === '' || host.bootId === bootId);
}

function place<Known extends Candidate>(
  { incarnationId, streamNumber }: Introduced,
  host: Known,
  wasReplaced: (host: Known) => boolean,
): Verdict<Known> {
  const isSame = incarnationId !== '' && incarnationId === host.streamIncarnation;
  const counts = isSame && streamNumber > 0n;
  if (counts && streamNumber < host.streamNumber) return { kind: 'superseded', host };
  const cameTwice = counts && streamNumber === host.streamNumber;
  const isNewer = counts && streamNumber > host.streamNumber;
  const twice =
    'two processes are this host at once: a copied state directory, or a cloned machine; stop one of them, or give the ' +
    'copy a state directory and a name of its own and restart its agent';
  if (cameTwice || (!isSame && wasReplaced(host)) || (host.contested && host.live && !isNewer))
    return { kind: 'refused', host, code: 'IDENTITY_SHARED', detail: twice };
  return { kind: 'known', host };
}

function taken<Known extends Candidate>({ name }: Introduced, host: Known): Verdict<Known> {
  const detail =
    `the name ${name} is enrolled by another machine; give this one another hostName, or decommission ${name} first if ` +
    'this machine replaces it; if it is the same machine with another /etc/machine-id, the log of its agent says which ' +
    'machineId to set';
  return { kind: 'refused', host, code: 'NAME_TAKEN', detail };
}
