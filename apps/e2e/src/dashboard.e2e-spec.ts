/**
 * The dashboard in a real browser, before a real fleet. Every wait is for something the page shows; nothing reloads
 * the page, so what changes in it came over the event stream.
 */
import type { Browser, Page } from 'playwright-core';

import { launchBrowser } from './dashboard/dashboard.browser';
import { FleetPage, HostPage, RolloutPage } from './dashboard/dashboard.pages';
import { Fleet, type FleetHost } from './harness/fleet.harness';
import { until } from '@luofleet/testkit';

const HOSTS = 3;

describe('the dashboard', () => {
  let fleet: Fleet;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    fleet = await Fleet.start({ hosts: HOSTS });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => faults.push(error.message));
  });

  afterEach(async () => {
    await page.close();
    expect(faults.splice(0)).toEqual([]);
  });

  /** Ends the host's agent, and waits until the control plane knows. */
  async function away(hostName: string): Promise<FleetHost> {
    const host = fleet.hosts.find(({ name }) => name === hostName);
    if (!host) throw new Error(`no ${hostName}`);
    await host.agent.stop();
    await until(`${hostName} is offline`, async () => {
      return (await fleet.rest.get(`/hosts/${hostName}`)).state === 'offline' || undefined;
    });
    return host;
  }

  it('shows every host and finds one by text', async () => {
    const fleetPage = new FleetPage(page);
    await fleetPage.openList(fleet.baseUrl);
    for (const { name } of fleet.hosts)
      await fleetPage.row(name).getByText('online', { exact: true }).waitFor();
    expect(await fleetPage.row('host-1').textContent()).toContain('rack-1');

    await fleetPage.find('host-2');
    await fleetPage.row('host-1').waitFor({ state: 'detached' });
    expect(await fleetPage.hostNames).toEqual(['host-2']);
  });

  it('says what is not there, in the words of the control plane', async () => {
    await new RolloutPage(page).open(fleet.baseUrl, 'no-such-rollout');
    const notice = await page.getByRole('alert').textContent();
    const answer = await fleet.rest.request('GET', '/rollouts/no-such-rollout');
    expect(notice).toContain(answer.body.detail);
    expect(notice).toContain(answer.body.code);
  });

  it('watches a rollout, pauses and resumes it, and sees it finish', async () => {
    const rolloutPage = new RolloutPage(page);
    await fleet.applyRollout({ waves: [1], maxConcurrent: 1, soak: '2s' }, {}, 'watched');
    await rolloutPage.open(fleet.baseUrl, 'watched');

    await rolloutPage.act('Pause');
    await rolloutPage.inState('paused').waitFor();
    await rolloutPage.waiting.getByText('ROLLOUT_PAUSED').waitFor();
    const paused = await fleet.rest.get('/rollouts/watched');
    expect(paused.state).toBe('paused');

    await rolloutPage.act('Resume');
    await rolloutPage.inState('succeeded').waitFor();
    await rolloutPage
      .rowsInState('succeeded')
      .nth(HOSTS - 1)
      .waitFor();
    await rolloutPage.wavesInState('succeeded').nth(1).waitFor();
    expect(await rolloutPage.rowsInState('succeeded').count()).toBe(HOSTS);
    expect(await rolloutPage.fact('updated').textContent()).toBe(`${HOSTS} of ${HOSTS}`);
    for (const name of ['p50', 'p99', 'max'])
      expect(await rolloutPage.fact(`blackout-${name}`).textContent()).toMatch(/^[\d.]+ m?s$/);
  });

  it('shows sessions and preserved files as they are recorded', async () => {
    const hostPage = new HostPage(page);
    await hostPage.open(fleet.baseUrl, 'host-1');
    const { items } = await fleet.rest.get('/hosts/host-1/sessions');
    expect(items.length).toBeGreaterThan(0);
    for (const session of items)
      await hostPage.session(session.name).getByText('finished').first().waitFor();
    const tokens = items.flatMap((session: { files: { token: string }[] }) =>
      session.files.map(({ token }) => token),
    );
    expect((await hostPage.tokens).sort()).toEqual([...tokens].sort());
  });

  it('leaves a host out that has not started, and takes it up again', async () => {
    const rolloutPage = new RolloutPage(page);
    const { agent } = await away('host-3');
    await fleet.applyRollout({ force: true, offline: { then: 'wait' } }, {}, 'left-out');
    await rolloutPage.open(fleet.baseUrl, 'left-out');
    await rolloutPage.warnings.getByText('host-3. The rollout waits for them').waitFor();
    await rolloutPage.row('host-1', 'succeeded').waitFor();
    expect(await page.getByRole('button', { name: /^(Skip|Unskip) host-[12]$/ }).count()).toBe(0);

    await rolloutPage.ask('Skip', 'host-3');
    await rolloutPage.dialog.getByRole('button', { name: 'Cancel' }).click();
    await rolloutPage.row('host-3', 'pending').waitFor();
    await rolloutPage.ask('Skip', 'host-3');
    await rolloutPage.confirm('Skip');
    await rolloutPage.row('host-3', 'skipped').waitFor();
    await rolloutPage.inState('succeeded').waitFor();
    await rolloutPage.warnings.waitFor({ state: 'detached' });

    await rolloutPage.ask('Unskip', 'host-3');
    await rolloutPage.confirm('Unskip');
    await rolloutPage.row('host-3', 'pending').waitFor();
    await rolloutPage.inState('running').waitFor();
    expect(agent.running).toBe(false);
  });

  it('shows why the control plane refuses, and offers no more what is not possible', async () => {
    const rolloutPage = new RolloutPage(page);
    await fleet.rest.request('POST', '/rollouts/left-out/updates/host-3/skip');
    // The first wave keeps it from ending until it is paused; what waits then waits for good.
    await fleet.applyRollout({ force: true, soak: '20s' }, {}, 'given-up');
    await fleet.rest.post('/rollouts/given-up/pause', {});
    await rolloutPage.open(fleet.baseUrl, 'given-up');
    await rolloutPage.ask('Skip', 'host-3');
    await rolloutPage.confirm('Skip');
    await rolloutPage.row('host-3', 'skipped').waitFor();
    await rolloutPage.ask('Unskip', 'host-3');
    await fleet.rest.post('/rollouts/given-up/abort', {});
    await rolloutPage.confirm('Unskip');
    const notice = rolloutPage.dialog.getByRole('alert');
    await notice.waitFor();
    expect(await notice.textContent()).toMatch(
      /Nothing was changed, because the rollout (is being|was) aborted.*INVALID_TRANSITION/,
    );
    await rolloutPage.dialog.getByRole('button', { name: 'Cancel' }).click();
    await rolloutPage.inState('aborted').waitFor();
    expect(await rolloutPage.hostButton('Unskip', 'host-3').count()).toBe(0);
  });

  it('takes a host out of the fleet, and back in', async () => {
    const hostPage = new HostPage(page);
    await hostPage.open(fleet.baseUrl, 'host-3');
    await hostPage.act('Decommission');
    await hostPage.inState('decommissioned').waitFor();
    expect(await page.getByRole('button', { name: 'Decommission' }).count()).toBe(0);
    const { items } = await fleet.rest.get('/hosts');
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['host-1', 'host-2']);
    await hostPage.open(
      fleet.baseUrl,
      (await fleet.rest.get('/hosts?state=decommissioned')).items[0].id,
    );
    await hostPage.act('Recommission');
    await hostPage.inState('offline').waitFor();
  });

  it('does not call itself live before a control plane that hangs', async () => {
    await new FleetPage(page).openList(fleet.baseUrl);
    await page.locator('[data-connection="live"]').waitFor();
    fleet.controlPlane.freeze();
    await page.locator('[data-connection="reconnecting"]').waitFor();
    fleet.controlPlane.thaw();
    await page.locator('[data-connection="live"]').waitFor();
  });

  it('says that it reconnects, and is live again by itself', async () => {
    await new FleetPage(page).openList(fleet.baseUrl);
    await page.locator('[data-connection="live"]').waitFor();
    await fleet.controlPlane.stop();
    await page.locator('[data-connection="reconnecting"]').waitFor();
    await fleet.startControlPlane();
    await page.locator('[data-connection="live"]').waitFor();
    await new FleetPage(page).row('host-1').getByText('online', { exact: true }).waitFor();
  });
});
