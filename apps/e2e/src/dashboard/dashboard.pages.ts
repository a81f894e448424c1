/**
 * The dashboard as a person finds their way in it: by roles and names where there are such, by data attributes for
 * rows of lists.
 */
import type { Locator, Page } from 'playwright-core';

export class FleetPage {
  constructor(private readonly page: Page) {}

  async openList(baseUrl: string): Promise<void> {
    await this.page.goto(`${baseUrl}/?view=list`);
  }

  row(hostName: string): Locator {
    return this.page.locator(`[data-host="${hostName}"]`);
  }

  async find(text: string): Promise<void> {
    await this.page.getByRole('searchbox', { name: 'Find' }).fill(text);
  }

  get hostNames(): Promise<string[]> {
    return this.page.locator('[data-host] .cell-name').allTextContents();
  }
}

export class RolloutPage {
  constructor(private readonly page: Page) {}

  async open(baseUrl: string, name: string): Promise<void> {
    await this.page.goto(`${baseUrl}/rollouts/${name}`);
  }

  get state(): Locator {
    return this.page.locator('[data-rollout-state]');
  }

  inState(state: string): Locator {
    return this.page.locator(`[data-rollout-state="${state}"]`);
  }

  rowsInState(state: string): Locator {
    return this.page.locator(`[data-host][data-state="${state}"]`);
  }

  wavesInState(state: string): Locator {
    return this.page.locator(`[data-wave][data-state="${state}"]`);
  }

  fact(name: string): Locator {
    return this.page.locator(`[data-fact="${name}"]`);
  }

  get waiting(): Locator {
    return this.page.getByRole('region', { name: 'What waits, and why' });
  }

  /** Presses the button and confirms. */
  async act(action: 'Pause' | 'Resume' | 'Abort' | 'Retry'): Promise<void> {
    await this.page.getByRole('button', { name: action, exact: true }).click();
    await this.dialog.getByRole('button', { name: `${action} rollout` }).click();
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  get warnings(): Locator {
    return this.page.getByRole('note', { name: 'Warnings of the plan' });
  }

  row(hostName: string, state: string): Locator {
    return this.page.locator(`[data-host="${hostName}"][data-state="${state}"]`);
  }

  /** The button beside one host. */
  hostButton(action: 'Skip' | 'Unskip', hostName: string): Locator {
    return this.page.getByRole('button', { name: `${action} ${hostName}`, exact: true });
  }

  /** Presses it; the dialog asks then. */
  async ask(action: 'Skip' | 'Unskip', hostName: string): Promise<void> {
    await this.hostButton(action, hostName).click();
    await this.dialog.waitFor();
  }

  async confirm(action: 'Skip' | 'Unskip'): Promise<void> {
    await this.dialog.getByRole('button', { name: `${action} host` }).click();
  }
}

export class HostPage {
  constructor(private readonly page: Page) {}

  async open(baseUrl: string, name: string): Promise<void> {
    await this.page.goto(`${baseUrl}/hosts/${name}`);
  }

  inState(state: string): Locator {
    return this.page.locator('.page-title').getByText(state, { exact: true });
  }

  /** Presses the button and confirms. */
  async act(action: 'Decommission' | 'Recommission'): Promise<void> {
    await this.page.getByRole('button', { name: action, exact: true }).click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByRole('button', { name: `${action} host` }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  session(name: string): Locator {
    return this.page.locator(`[data-session="${name}"]`);
  }

  get tokens(): Promise<string[]> {
    return this.page.locator('[data-token] th').allTextContents();
  }
}
