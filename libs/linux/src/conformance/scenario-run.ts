// Runs a scenario's steps of one boot against a system and says what came out.
import type { LiveUpdateSystem, ResolvedArgument } from './live-update-system';
import type { Operation, Outcome, RawArgument, Ref, Scenario } from './operation';

const ERRNO_NAME = /^E[A-Z0-9]+$/;

/** A step needs a handle that an earlier step did not get. */
class NoHandle extends Error {}

/** One scenario on its way through the boots. Handles do not survive a reboot; names and tokens do. */
export class ScenarioRun<H> {
  #handles = new Map<Ref, H>();

  constructor(
    private readonly scenario: Scenario,
    private readonly system: LiveUpdateSystem<H>,
  ) {}

  /** The outcomes of the steps of boot `index`, in order. */
  async boot(index: number): Promise<Outcome[]> {
    this.#handles = new Map();
    const outcomes: Outcome[] = [];
    for (const { operation } of this.scenario.boots[index] ?? []) {
      outcomes.push(await this.#outcome(operation));
    }
    await this.#release(index === this.scenario.boots.length - 1);
    return outcomes;
  }

  async #outcome(operation: Operation): Promise<Outcome> {
    try {
      return String((await this.#perform(operation)) ?? 'ok');
    } catch (error) {
      if (error instanceof NoHandle) return 'no-handle';
      const { code } = error as { code?: unknown };
      if (typeof code === 'string' && ERRNO_NAME.test(code)) return code;
      throw new Error(`${this.scenario.id}: ${operation.do} broke the harness`, { cause: error });
    }
  }

  async #perform(operation: Operation): Promise<string | number | boolean | void> {
    const { system } = this;
    switch (operation.do) {
      case 'open':
        return this.#keep(operation.as, await system.open());
      case 'create': {
        const name = operation.name ?? this.#nameOf(operation.as);
        return this.#keep(operation.as, await system.createSession(this.#at(operation.on), name));
      }
      case 'retrieve-session': {
        const name = operation.name ?? this.#nameOf(operation.as);
        return this.#keep(operation.as, await system.retrieveSession(this.#at(operation.on), name));
      }
      case 'preserve': {
        const { session, token, file } = operation;
        return system.preserve(this.#at(session), token, this.#fileOf(file));
      }
      case 'retrieve': {
        const file = await system.retrieve(this.#at(operation.session), operation.token);
        return this.#keep(operation.as, file);
      }
      case 'finish':
        return system.finish(this.#at(operation.session));
      case 'get-name':
        return system.getName(this.#at(operation.session));
      case 'ioctl':
        return this.#ioctl(operation);
      case 'close':
      case 'duplicate':
        return this.#performOnHandle(operation);
      case 'exhaust-descriptors':
        return system.exhaustDescriptors(operation.on);
      case 'limit-memory':
        return system.limitMemory(operation.on);
      case 'reboot-unstaged':
        return system.rebootUnstaged();
      case 'make':
      case 'reopen':
      case 'read':
      case 'write':
      case 'truncate':
      case 'advance':
      case 'inspect':
      case 'same-file':
        return this.#performOnFile(operation);
    }
  }

  async #performOnHandle(
    operation: Extract<Operation, { do: 'close' | 'duplicate' }>,
  ): Promise<void> {
    const handle = this.#at(operation.handle);
    if (operation.do === 'duplicate') {
      return this.#keep(operation.as, await this.system.duplicate(handle));
    }
    this.#handles.delete(operation.handle);
    return this.system.close(handle);
  }

  async #performOnFile(
    operation: Extract<
      Operation,
      {
        do: 'make' | 'reopen' | 'read' | 'write' | 'truncate' | 'advance' | 'inspect' | 'same-file';
      }
    >,
  ): Promise<string | number | boolean | void> {
    const { system } = this;
    switch (operation.do) {
      case 'make':
        return this.#keep(operation.as, await system.make(operation.file));
      case 'reopen': {
        const file = await system.reopen(this.#at(operation.file), operation.readOnly);
        return this.#keep(operation.as, file);
      }
      case 'read':
        return system.read(this.#at(operation.file), operation.offset, operation.bytes);
      case 'write':
        return system.write(this.#at(operation.file), operation.offset, operation.text);
      case 'truncate':
        return system.truncate(this.#at(operation.file), operation.size);
      case 'advance':
        return system.advance(this.#at(operation.file), operation.bytes);
      case 'inspect':
        return system.inspect(this.#at(operation.file), operation.property);
      case 'same-file':
        return system.isSameFile(this.#at(operation.file), this.#at(operation.as));
    }
  }

  async #ioctl(operation: Extract<Operation, { do: 'ioctl' }>): Promise<void> {
    const on = this.#at(operation.on);
    const argument = this.#resolve(operation.argument);
    const handle = await this.system.ioctl(on, operation.request, argument);
    if (handle === undefined) return;
    if (operation.as === undefined) await this.system.close(handle);
    else this.#keep(operation.as, handle);
  }

  #resolve(argument: RawArgument): ResolvedArgument<H> {
    if (argument.kind === 'null') return argument;
    const { file, ...rest } = argument;
    return file === undefined ? rest : { ...rest, file: this.#fileOf(file) };
  }

  /** Handles go in reverse order; sessions of a scenario that goes on stay open until the reboot. */
  async #release(isLastBoot: boolean): Promise<void> {
    const last = (ref: Ref): boolean => isLastBoot || DEVICE_REFS.has(ref);
    for (const [ref, handle] of [...this.#handles].reverse()) {
      if (last(ref)) await this.system.close(handle);
    }
  }

  #keep(ref: Ref, handle: H): void {
    this.#handles.set(ref, handle);
  }

  #at(ref: Ref): H {
    const handle = this.#handles.get(ref);
    if (handle === undefined) throw new NoHandle(ref);
    return handle;
  }

  #fileOf(file: Ref | number): H | number {
    return typeof file === 'number' ? file : this.#at(file);
  }

  #nameOf(ref: Ref): string {
    return `${this.scenario.id}/${ref}`;
  }
}

/** The device is exclusive: scenarios run one after another in one boot, so it must be free in between. */
const DEVICE_REFS: ReadonlySet<Ref> = new Set(['device', 'second', 'third']);
