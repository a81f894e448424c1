import { isPending } from './concurrency/step';
import type { WarningSink } from './errors/luo-error';
import type { FileHandler, FileReferences } from './handlers/file-handler';
import type { HandoverMemory } from './memory/handover-memory';
import { createHandoverMemory } from './memory/paged-memory';
import { Orchestrator } from './orchestrator';
import type { Profile, ProfileName } from './profile';
import type { Device } from './sessions/device';
import type { LiveUpdateMachine } from './sessions/live-update';

export interface SimulatedMachineOptions<TFile> {
  readonly profile?: Profile | ProfileName;
  /** Handlers of one boot, in order of registration; called again after every reboot. */
  readonly handlers: (memory: HandoverMemory) => readonly FileHandler<TFile>[];
  readonly references?: FileReferences<TFile>;
  readonly onWarning?: WarningSink;
  readonly pageSizeBytes?: number;
}

/**
 * A machine whose reboot replaces the orchestrator and nothing else: for simulated hosts, of which a process can
 * hold thousands, and for running one scenario against the engine and a real kernel. Handles from before a reboot
 * answer EBUSY, as everything does on a frozen orchestrator.
 */
export class SimulatedMachine<TFile> implements LiveUpdateMachine<TFile> {
  #orchestrator: Orchestrator<TFile>;

  constructor(private readonly options: SimulatedMachineOptions<TFile>) {
    this.#orchestrator = this.#boot(undefined);
  }

  /** The orchestrator of this boot. */
  get orchestrator(): Orchestrator<TFile> {
    return this.#orchestrator;
  }

  open(): Device<TFile> {
    return this.#orchestrator.open();
  }

  reboot(): void | Promise<void> {
    const region = this.#orchestrator.freezeAll();
    if (isPending(region)) return region.then((bytes) => this.#restart(bytes));
    this.#restart(region);
  }

  /** Power loss: starts over, and nothing is handed over (S6). */
  coldBoot(): void {
    this.#restart(undefined);
  }

  #restart(region: Uint8Array | undefined): void {
    this.#orchestrator = this.#boot(region);
  }

  #boot(incoming: Uint8Array | undefined): Orchestrator<TFile> {
    const { handlers, profile, references, onWarning, pageSizeBytes } = this.options;
    const memory = createHandoverMemory({ incoming, pageSizeBytes });
    const orchestrator = new Orchestrator<TFile>({
      memory,
      ...(profile === undefined ? {} : { profile }),
      ...(references === undefined ? {} : { references }),
      ...(onWarning === undefined ? {} : { onWarning }),
    });
    for (const handler of handlers(memory)) orchestrator.registerHandler(handler);
    return orchestrator;
  }
}
