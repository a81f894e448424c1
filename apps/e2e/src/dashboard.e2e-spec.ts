/**
 * The dashboard in a real browser, before a real fleet. Every wait is for something the page shows; nothing reloads
 * the page, so what changes in it came over the event stream.
 */
import type { Browser, Page } from 'playwright-core';

import { launchBrowser } from './dashboard/dashboard.browser';
import { FleetPage, HostPage, RolloutPage } from './dashboard/dashboard.pages';
import { Fleet } from './harness/fleet.harness';

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
