// The LUO engine as a LiveUpdateSystem: one simulated machine in its `upstream` profile, with simulated files. Handles are
// objects; duplicates count as one descriptor each, and the last to go closes what they stand for.
import {
  HandlerError,
  SimulatedMachine,
  type Device,
  type FileReferences,
  type Session,
} from '@luofleet/luo-engine';
import type { LiveUpdateSystem } from './live-update-system';
import type { FileKind, FileProperty } from './operation';
import { SimulatedFile } from './simulated-files';
import { SimulatedMemfdHandler, type SimulatedMemory } from './simulated-memfd.handler';

const GIBIBYTE = 2 ** 30;
const TIGHT_BYTES = 2 * 1024 * 1024;

type Target = Device<unknown> | Session<unknown> | SimulatedFile;

/** What several descriptors can stand for. */
interface Description {
  target: Target;
  descriptors: number;
}

/** One descriptor. */
export interface EngineHandle {
  description: Description;
}

/** Anything that is not a number, and not a file that was opened by path only, can be held. */
const references: FileReferences<unknown> = {
  get: (file) =>
    typeof file === 'object' &&
    file !== null &&
    !(file instanceof SimulatedFile && file.inode.kind === 'path-only'),
  put: () => undefined,
};

export class EngineSystem implements LiveUpdateSystem<EngineHandle> {
  readonly #memory: SimulatedMemory = {
    preserved: new Map(),
    preservableBytes: GIBIBYTE,
    chargeableBytes: Infinity,
  };
  readonly #machine = new SimulatedMachine<unknown>({
    profile: 'upstream',
    handlers: () => [new SimulatedMemfdHandler(this.#memory)],
    references,
  });

  /** The reboot between two boots of the table. */
  async reboot(): Promise<void> {
    await this.#machine.reboot();
  }

  open(): EngineHandle {
    return handleOf(this.#machine.open());
  }

  createSession(device: EngineHandle, name: string): EngineHandle {
    return handleOf(deviceOf(device).createSession(name));
  }

  retrieveSession(device: EngineHandle, name: string): EngineHandle {
    return handleOf(deviceOf(device).retrieveSession(name));
  }

  async preserve(session: EngineHandle, token: bigint, file: EngineHandle | number): Promise<void> {
    const target = typeof file === 'number' ? undefined : file.description.target;
    await sessionOf(session).preserve(token, target);
  }

  async retrieve(session: EngineHandle, token: bigint): Promise<EngineHandle> {
    return handleOf((await sessionOf(session).retrieve(token)) as SimulatedFile);
  }

  async finish(session: EngineHandle): Promise<void> {
    await sessionOf(session).finish();
  }

  getName(session: EngineHandle): string {
    return sessionOf(session).getName();
  }

  ioctl(): undefined {
    throw new Error('the engine has no ioctl: such scenarios are listed as outside it');
  }

  async close({ description }: EngineHandle): Promise<void> {
    description.descriptors -= 1;
    if (description.descriptors > 0) return;
    if (!(description.target instanceof SimulatedFile)) await description.target.close();
  }

  duplicate({ description }: EngineHandle): EngineHandle {
    description.descriptors += 1;
    return { description };
  }

  make(kind: FileKind): EngineHandle {
    return handleOf(SimulatedFile.make(kind));
  }

  reopen(file: EngineHandle, readOnly: boolean): EngineHandle {
    return handleOf(new SimulatedFile(fileOf(file).inode, 0, readOnly));
  }

  read(file: EngineHandle, offset: number, bytes: number): string {
    return fileOf(file).read(offset, bytes);
  }

  write(file: EngineHandle, offset: number, text: string): void {
    fileOf(file).write(offset, text);
  }

  truncate(file: EngineHandle, size: number): void {
    fileOf(file).truncate(size);
  }

  advance(file: EngineHandle, bytes: number): void {
    fileOf(file).position += bytes;
  }

  inspect(handle: EngineHandle, property: FileProperty): string | number | boolean {
    const { inode, position } = fileOf(handle);
    switch (property) {
      case 'size':
        return inode.size;
      case 'position':
        return position;
      case 'seals':
        return inode.seals;
      case 'close-on-exec':
        throw new Error('the engine has no descriptor flags');
    }
  }

  isSameFile(a: EngineHandle, b: EngineHandle): boolean {
    return fileOf(a).inode === fileOf(b).inode;
  }

  exhaustDescriptors(): void {
    throw new Error('the engine has no descriptors');
  }

  limitMemory(on: boolean): void {
    this.#memory.chargeableBytes = on ? TIGHT_BYTES : Infinity;
  }

  /** Without a staged kernel the reboot does not happen; for the engine that is a freeze taken back. */
  async rebootUnstaged(): Promise<void> {
    await this.#machine.orchestrator.freezeAll();
    await this.#machine.orchestrator.unfreezeAll();
    throw new HandlerError('EINVAL', 'no kernel is staged');
  }
}

const handleOf = (target: Target): EngineHandle => ({ description: { target, descriptors: 1 } });

const deviceOf = ({ description }: EngineHandle): Device<unknown> =>
  description.target as Device<unknown>;
const sessionOf = ({ description }: EngineHandle): Session<unknown> =>
  description.target as Session<unknown>;
const fileOf = ({ description }: EngineHandle): SimulatedFile =>
  description.target as SimulatedFile;
