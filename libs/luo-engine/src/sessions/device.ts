import { LuoError, type LuoOperation } from '../errors/luo-error';
import type { LiveUpdateDevice } from './live-update';
import { Session, type SessionOwner } from './session-handle';
import type { SessionLists } from './session-lists';

/** What a device needs of its orchestrator. */
export interface DeviceOwner<TFile> extends SessionOwner<TFile> {
  readonly sessions: SessionLists<TFile>;
  deviceClosed(): void;
}

/** The opened device. Its sessions live on when it is closed (S2). */
export class Device<TFile> implements LiveUpdateDevice<TFile> {
  #open = true;

  /** @internal */
  constructor(private readonly owner: DeviceOwner<TFile>) {}

  /** @throws LuoError EBADF, EBUSY while frozen; see `LiveUpdateDevice.createSession` */
  createSession(name: string): Session<TFile> {
    this.#requireUsable('create-session');
    return new Session(this.owner, this.owner.sessions.create(name));
  }

  /** @throws LuoError EBADF, EBUSY while frozen; see `LiveUpdateDevice.retrieveSession` */
  retrieveSession(name: string): Session<TFile> {
    this.#requireUsable('retrieve-session');
    return new Session(this.owner, this.owner.sessions.retrieve(name));
  }

  close(): void {
    if (!this.#open) throw new LuoError('EBADF', 'close', {}, 'the device is closed already');
    this.#open = false;
    this.owner.deviceClosed();
  }

  #requireUsable(operation: LuoOperation): void {
    if (!this.#open) throw new LuoError('EBADF', operation, {}, 'the device is closed');
    this.owner.requireThawed(operation);
  }
}
