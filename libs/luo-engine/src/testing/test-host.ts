import type { LuoWarning } from '../errors/luo-error';
import type { FileHandler } from '../handlers/file-handler';
import type { HandoverMemory } from '../memory/handover-memory';
import { createHandoverMemory } from '../memory/paged-memory';
import { Orchestrator } from '../orchestrator';
import type { Profile, ProfileName } from '../profile';
import type { Device } from '../sessions/device';
import type { Session } from '../sessions/session-handle';
import { CountedReferences } from './counted-references';
import { FaultyHandler, type TestFile } from './faulty.handler';
import { HandleLedger } from './handle-ledger';
import { Journal } from './journal';

export interface TestHostOptions {
  readonly profile?: Profile | ProfileName;
  /** Handlers of each boot; one {@link FaultyHandler} unless given. */
  readonly handlers?: readonly FileHandler<TestFile>[];
  readonly pageSizeBytes?: number;
  readonly pagesMax?: number;
  readonly enabled?: boolean;
  readonly asynchronous?: boolean;
  /** What retrieve makes; a plain object unless given. */
  readonly newFile?: ((name: string) => TestFile) | undefined;
}

/** A host with everything observed: callbacks, references, handles, warnings. Starts cold, with the device open. */
export class TestHost {
  readonly journal = new Journal();
  readonly ledger = new HandleLedger();
  readonly handler: FaultyHandler;
  readonly warnings: LuoWarning[] = [];
  references = new CountedReferences<TestFile>();
  memory: HandoverMemory;
  orchestrator: Orchestrator<TestFile>;
  #device: Device<TestFile> | null = null;

  constructor(readonly options: TestHostOptions = {}) {
    const { asynchronous = false, newFile } = options;
    const { journal, ledger } = this;
    this.handler = new FaultyHandler({ journal, ledger, asynchronous, newFile });
    this.memory = this.#newMemory(undefined);
    this.orchestrator = this.#newOrchestrator();
    this.#register();
  }

  /** The device; opened at the first use. */
  get device(): Device<TestFile> {
    this.#device ??= this.orchestrator.open();
    return this.#device;
  }

  create(name: string): Session<TestFile> {
    return this.device.createSession(name);
  }

  retrieve(name: string): Session<TestFile> {
    return this.device.retrieveSession(name);
  }

  /** A new boot over a region; undefined is a cold boot. */
  boot(region: Uint8Array | undefined): void {
    this.memory = this.#newMemory(region);
    this.references = new CountedReferences();
    this.#device = null;
    this.orchestrator = this.#newOrchestrator();
    this.#register();
  }

  /** Freezes and boots again. */
  async reboot(): Promise<void> {
    this.boot(await this.orchestrator.freezeAll());
  }

  #newMemory(incoming: Uint8Array | undefined): HandoverMemory {
    const { pageSizeBytes, pagesMax } = this.options;
    return createHandoverMemory({ incoming, pageSizeBytes, pagesMax });
  }

  #newOrchestrator(): Orchestrator<TestFile> {
    const { profile = 'upstream', enabled = true } = this.options;
    const { memory, references, warnings } = this;
    const onWarning = (warning: LuoWarning): void => void warnings.push(warning);
    return new Orchestrator<TestFile>({ memory, profile, enabled, references, onWarning });
  }

  #register(): void {
    if (this.options.enabled === false) return;
    for (const handler of this.options.handlers ?? [this.handler]) {
      this.orchestrator.registerHandler(handler);
    }
  }
}

/** Code of what a call throws or rejects with; `null` when it succeeds. */
export async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
