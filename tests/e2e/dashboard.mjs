import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register } from './world.mjs';

const PATH = '/house-and-charging';

story('The dashboard that comes with Voltrail', (step) => {
  step('is offered among the dashboards', async (person) => {
    await person.open('/config/lovelace/dashboards');
    await person.press('Add dashboard');
    const offered = person.page.locator('dashboard-card', { hasText: 'House and charging' });
    await offered.waitFor();
    await person.picture('add-dashboard');
    await offered.click();
    await person.press('Create');
    await person.page.getByText('House and charging').first().waitFor();
  });

  step('lays itself out by what is installed', async (person) => {
    await person.open(`${PATH}/house`);
    await person.page.locator('hui-heading-card', { hasText: 'Garage' }).waitFor();
    assert.equal(await person.page.locator('hui-error-card').count(), 0);
    assert.equal(await person.page.getByText(/Entity not found/).count(), 0);
  });

  step('moves a charger', async (person) => {
    const { page } = person;
    const own = page.locator('hui-heading-card', { hasText: 'Garage' });
    const garage = page.locator('hui-grid-section', { has: own });
    const limit = garage.locator('hui-tile-card', { hasText: 'Current limit' });
    await limit.locator('ha-control-number-buttons').waitFor();
    const before = await register('mennekes_tcp', 1, 'hems_current_tenths');
    await limit.locator('button.decrement, .button.minus').first().click();
    await eventually(async () => {
      assert.ok((await register('mennekes_tcp', 1, 'hems_current_tenths')) < before);
    });
  });

  step('has a page for each charger', async (person) => {
    const { page } = person;
    await page.locator('hui-heading-card').getByText('Garage', { exact: true }).click();
    await page.locator('hui-history-graph-card').waitFor();
    assert.match(new URL(page.url()).pathname, /charger-\w+$/);
    assert.equal(await page.locator('hui-error-card').count(), 0);
    // Opened by its address, dashboard and view ask for their words at the same moment.
    await page.reload();
    await page.locator('hui-heading-card', { hasText: 'Energy per day' }).waitFor();
  });

  step('speaks the language of its user, on a phone in the dark', async (person) => {
    const { page } = person;
    await page.setViewportSize({ width: 400, height: 1400 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(() => localStorage.setItem('selectedLanguage', '"nb"'));
    await page.goto(`${person.url}${PATH}/house`);
    await page.locator('hui-heading-card', { hasText: 'Dagen' }).waitFor();
    assert.equal(await page.locator('hui-error-card').count(), 0);
  });
});
