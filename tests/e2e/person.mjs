// A person in front of Home Assistant: reads what is on the page, clicks and types.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { eventually, require, world } from './world.mjs';

const { chromium } = require('playwright-core');

const PATIENCE = 15000;

// Pictures of other integrations' logos come from the internet, which is not there.
const EXPECTED = /\/api\/brands\/integration\/(?!voltrail\b)/;

export class Person {
  complaints = [];

  static async arrive({ width = 1280, height = 900, url = world.url, zone = 'Europe/Oslo' } = {}) {
    const person = new Person();
    person.url = url;
    person.browser = await chromium.launch({
      executablePath: process.env.E2E_CHROMIUM,
      // Root may not use the sandbox; the pages are our own.
      args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
    const context = await person.browser.newContext({
      viewport: { width, height },
      locale: 'en-GB',
      timezoneId: zone,
    });
    context.setDefaultTimeout(PATIENCE);
    person.page = await context.newPage();
    person.page.on('pageerror', (error) => person.complaints.push(String(error)));
    person.page.on('console', (message) => {
      const where = message.location().url;
      if (message.type() === 'error' && !EXPECTED.test(where)) {
        person.complaints.push(`${message.text()} (${where})`);
      }
    });
    return person;
  }

  async leave() {
    await this.browser.close();
  }

  async signIn(user = world.user, password = user) {
    await this.page.goto(this.url);
    await this.page.locator('input[name=username]').fill(user);
    await this.page.locator('input[name=password]').fill(password);
    await this.press('Log in');
    await this.page.locator('ha-sidebar').waitFor();
  }

  async open(path) {
    await eventually(async () => {
      await this.page.goto(this.url + path);
      // A dialog that was just closed takes its page back, even from the next one.
      await this.page.waitForTimeout(300);
      assert.equal(new URL(this.page.url()).pathname, path);
    });
  }

  async press(name, within = this.page) {
    await within.getByRole('button', { name, exact: true }).click();
  }

  async picture(name, options = {}) {
    // What moves or was just clicked comes to rest.
    await this.page.mouse.move(0, 0);
    await this.page.waitForTimeout(1000);
    await this.page.screenshot({ path: `${world.pictures}/${name}.png`, ...options });
  }

  // -- forms

  get dialog() {
    return this.page.locator('dialog-data-entry-flow');
  }

  /** Begin to add a device. */
  async add() {
    await this.open('/config/integrations/dashboard');
    await this.press('Add integration');
    const list = this.page.locator('dialog-add-integration');
    await list.locator('ha-input-search input').fill('Voltrail');
    await list.locator('ha-integration-list-item', { hasText: 'Voltrail' }).click();
    await this.title('Which device?');
  }

  /** Wait for a step of the form; a meter that is listened to takes its time. */
  async title(text) {
    const title = this.dialog.locator('.dialog-title', { hasText: text });
    await title.waitFor({ timeout: 3 * PATIENCE });
  }

  async choose(text) {
    const line = this.dialog.locator('ha-list-item', { hasText: text });
    await line.click();
    await line.waitFor({ state: 'detached' });
  }

  field(label) {
    // A form marks what it needs with a star.
    const own = this.page.getByText(new RegExp(`^${label}\\*?$`));
    return this.dialog.locator('ha-form ha-selector', { has: own }).locator('input');
  }

  async fill(answers) {
    for (const [label, answer] of Object.entries(answers)) {
      await this.field(label).fill(String(answer));
    }
  }

  async check(label) {
    await this.dialog.locator('ha-form ha-selector', { hasText: label }).locator('ha-switch').click();
  }

  async submit() {
    await this.press('Submit', this.dialog);
  }

  /** Choose from a list that folds out. */
  async pick(label, option) {
    const own = this.page.locator(`ha-picker-field[aria-label="${label}"]`);
    const list = this.dialog.locator('ha-select', { has: own });
    await list.locator('ha-picker-field').click();
    await list.locator('ha-dropdown-item').getByText(option, { exact: true }).click();
  }

  /** Choose a serial port that no list offers. */
  async serialPort(path) {
    const picker = this.dialog.locator('ha-selector-serial_port');
    await picker.locator('ha-picker-field').click();
    await picker.getByText('Enter manually').click();
    await picker.locator('ha-picker-field').waitFor({ state: 'detached' });
    await picker.locator('input').fill(path);
  }

  /** Submit something wrong, and read what the form says about it. */
  async mistake(answers, expected) {
    await this.fill(answers);
    await this.submit();
    await this.dialog.locator('ha-alert', { hasText: expected }).waitFor();
  }

  /** The device was added: leave its name and place as they are, and return the name. */
  async finish() {
    await this.title('Name and assign');
    const name = await this.dialog.locator('.device input').first().inputValue();
    await this.press('Skip and finish', this.dialog);
    await this.dialog.locator('ha-dialog').waitFor({ state: 'hidden' });
    return name;
  }

  /** Close a dialog that has come to its end. */
  async close() {
    await this.dialog.getByText('Close', { exact: true }).click();
    await this.dialog.locator('ha-dialog').waitFor({ state: 'hidden' });
  }

  /** Think better of it. */
  async dismiss() {
    const forgotten = this.page.waitForResponse((answer) => answer.request().method() === 'DELETE');
    await this.press('Close', this.dialog);
    await forgotten;
  }

  // -- repairs

  /** Open a repair. */
  async repair(title) {
    await this.open('/config/repairs');
    await this.page.locator('ha-config-repairs').getByText(title, { exact: true }).click();
  }

  /** The lines of a list in a form from which several can be ticked. */
  async linesOf(label) {
    const own = this.dialog.locator('ha-selector-select', { hasText: label });
    await own.waitFor();
    return own.locator('ha-formfield, ha-checkbox').allInnerTexts();
  }

  async closeRepair() {
    await this.press('Finish', this.dialog);
    await this.dialog.locator('ha-dialog').waitFor({ state: 'hidden' });
  }

  // -- entries and devices

  entryRow(title) {
    const own = this.page.locator('ha-row-item').getByText(title, { exact: true });
    return this.page.locator('ha-config-entry-row', { has: own });
  }

  async entry(title) {
    await this.open('/config/integrations/integration/voltrail');
    const row = this.entryRow(title);
    await row.waitFor();
    return row;
  }

  /** Choose from the menu of an entry. */
  async fromMenu(title, item) {
    const row = await this.entry(title);
    await row.locator('ha-row-item').getByRole('button', { name: 'Menu' }).click();
    await row.locator('ha-row-item ha-dropdown-item', { hasText: item }).click();
  }

  async options(title, answers) {
    const row = await this.entry(title);
    await row.locator('ha-row-item').getByRole('button', { name: 'Configure' }).click();
    await this.dialog.locator('ha-form').waitFor();
    await answers();
    await this.submit();
    await this.dialog.getByText('Options successfully saved').waitFor();
    await this.press('Finish', this.dialog);
  }

  async reconfigure(title, right, wrong, complaint) {
    await this.fromMenu(title, 'Reconfigure');
    await this.title('Reconfigure');
    await this.mistake(wrong, complaint);
    await this.fill(right);
    await this.submit();
    await this.dialog.getByText('Reconfiguration was successful').waitFor();
    await this.close();
  }

  async diagnostics(title) {
    const download = this.page.waitForEvent('download');
    await this.fromMenu(title, 'Download diagnostics');
    const text = fs.readFileSync(await (await download).path(), 'utf8');
    return { text, data: JSON.parse(text).data };
  }

  async remove(title) {
    await this.fromMenu(title, 'Delete');
    await this.page.locator('dialog-box').getByRole('button', { name: 'Delete' }).click();
    await this.entryRow(title).waitFor({ state: 'detached' });
  }

  async device(name) {
    const id = await this.ask({ type: 'config/device_registry/list' }).then(
      (devices) => devices.find((one) => (one.name_by_user ?? one.name) === name)?.id,
    );
    assert.ok(id, `there is no device ${name}`);
    await this.open(`/config/devices/device/${id}`);
  }

  row(kind, name) {
    const own = this.page.getByText(name, { exact: true });
    return this.page.locator(`hui-${kind}-entity-row`, { has: own });
  }

  async move(name, value) {
    const input = this.row('number', name).locator('input');
    await input.fill(String(value));
    await input.blur();
  }

  async flip(name) {
    await this.row('toggle', name).locator('ha-switch').click();
  }

  async reads(name, expected) {
    const row = this.row('sensor', name).locator('hui-generic-entity-row');
    await eventually(async () => {
      assert.match(await row.evaluate((element) => element.textContent.trim()), expected);
    }, 30);
  }

  // -- automations

  get form() {
    return this.page.locator('blueprint-automation-editor');
  }

  /** Begin an automation with a blueprint. */
  async blueprint(title) {
    await this.open('/config/blueprint/dashboard');
    const table = this.page.locator('hass-tabs-subpage-data-table');
    await table.getByText(title, { exact: true }).click();
    const chosen = this.form.locator('ha-blueprint-picker [slot=headline]');
    await chosen.getByText(title, { exact: true }).waitFor();
    await this.form.locator('ha-settings-row').first().waitFor();
  }

  /** Answer a question of a blueprint. */
  async chooseEntity(question, device, name) {
    const own = this.page.locator('[slot=heading]').getByText(question, { exact: true });
    const row = this.form.locator('ha-settings-row', { has: own });
    await row.locator('ha-picker-field').click();
    const list = row.locator('ha-picker-combo-box');
    await list.locator('input').fill(`${device} ${name}`.trim());
    const called = this.page.getByText(name, { exact: true });
    await list.locator('ha-combo-box-item', { has: called, hasText: device }).click();
    await list.waitFor({ state: 'detached' });
    await row.locator('ha-picker-field').getByText(name, { exact: true }).waitFor();
  }

  /** Take a picture of the whole form of a blueprint. */
  async pictureOfForm(name) {
    const seen = this.page.viewportSize();
    // The page scrolls inside of itself: what is below its edge would not be in the picture.
    await this.page.setViewportSize({ width: 1200, height: 3000 });
    await this.page.evaluate(deselect);
    await this.page.waitForTimeout(500);
    await this.picture(name, { clip: await this.form.locator('ha-card').first().boundingBox() });
    await this.page.setViewportSize(seen);
  }

  // -- what the pages themselves ask

  /** Ask Home Assistant over the connection of the page. */
  async ask(message) {
    return this.call('callWS', message);
  }

  async api(method, path, body) {
    return this.call('callApi', method, path, body);
  }

  async call(...words) {
    const { result, refusal } = await this.page.evaluate(async ([kind, ...told]) => {
      try {
        return { result: await document.querySelector('home-assistant').hass[kind](...told) };
      } catch (error) {
        return { refusal: JSON.stringify(error) };
      }
    }, words);
    assert.equal(refusal, undefined);
    return result;
  }
}

/** Take the cursor out of the field it is in, however deep; runs in the page. */
function deselect() {
  let field = document.activeElement;
  while (field?.shadowRoot?.activeElement) field = field.shadowRoot.activeElement;
  field?.blur();
}
