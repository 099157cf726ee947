import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { BLUEPRINTS, offer } from './blueprints.mjs';
import { story } from './story.mjs';
import { eventually, world } from './world.mjs';

const PORT = 8124;
const folder = `${world.folder}/demo`;

// Pictures show a late afternoon, whenever they are taken: there is a place where it is one now.
const hours = 17 - new Date().getUTCHours();
const ahead = hours > 14 ? hours - 24 : hours;
const zone = `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;

let demo;
let told = '';

async function begin() {
  const options = ['--port', PORT, '--folder', folder, '--time-zone', zone];
  demo = spawn(world.python, ['-m', 'scripts.lib.demo', ...options]);
  demo.stdout.on('data', (text) => (told += text));
  demo.stderr.on('data', (text) => (told += text));
  await eventually(() => {
    assert.equal(demo.exitCode, null, told);
    assert.match(told, /Home Assistant is at/);
  }, 60);
}

async function end() {
  demo.kill('SIGKILL');
}

story(
  'The demo',
  (step) => {
    step('opens with the dashboard of the house', async (person) => {
      const { page } = person;
      await page.getByText('Sun', { exact: true }).waitFor();
      await page.locator('hui-power-sankey-card').waitFor();
      for (const place of ['Garage', 'Driveway Socket 1', 'Driveway Socket 2']) {
        await page.locator('hui-heading-card', { hasText: place }).waitFor();
      }
      assert.equal(await page.locator('hui-error-card').count(), 0);
      assert.equal(await page.getByText(/Unavailable|Entity not found/).count(), 0);
      // The plots draw themselves in.
      await sleep(3000);
      await person.picture('dashboard');
    });

    step('has a page for each charger', async (person) => {
      const { page } = person;
      await page.locator('hui-heading-card').getByText('Garage', { exact: true }).click();
      await page.locator('hui-history-graph-card').waitFor();
      await sleep(3000);
      await person.picture('dashboard-charger', { clip: { x: 0, y: 0, width: 1600, height: 1060 } });
    });

    step('fits on a phone, also in the dark', async (person) => {
      const { page } = person;
      const seen = page.viewportSize();
      await page.setViewportSize({ width: 400, height: 1500 });
      await page.emulateMedia({ colorScheme: 'dark' });
      await person.open('/voltrail-house/house');
      await page.locator('hui-power-sankey-card').waitFor();
      await sleep(3000);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 400, `it is ${wide} wide`);
      await person.picture('dashboard-phone');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(seen);
    });

    step('has an Energy dashboard', async (person) => {
      await person.open('/energy/electricity');
      await person.page.locator('hui-energy-usage-graph-card').first().waitFor();
      await sleep(3000);
      await person.picture('energy');
    });

    step('shows each device on a page of its own', async (person) => {
      await person.device('Garage');
      await person.row('number', 'Current limit').waitFor();
      await person.picture('charger', { clip: { x: 292, y: 130, width: 852, height: 1250 } });
    });

    for (const [name, { title, answers }] of Object.entries(BLUEPRINTS)) {
      step(`has a form for “${title}”`, async (person) => {
        await offer(person, name);
        await person.blueprint(title);
        for (const [question, answer] of Object.entries(answers)) {
          await person.chooseEntity(question, ...answer);
        }
        assert.equal(await person.form.locator('p.warning, ha-alert').count(), 0);
        await person.pictureOfForm(`blueprint-${name}`);
      });
    }

    step('says nothing in the log that a person would have to care about', () => {
      const log = fs.readFileSync(`${folder}/config/output.log`, 'utf8').split('\n');
      const said = log.filter((line) => / (WARNING|ERROR|CRITICAL) /.test(line));
      const expected = /custom integration \w+ which has not been tested|Skipping pip installation/;
      assert.deepEqual(said.filter((line) => !expected.test(line)), []);
    });

    step('ends all that it started on Ctrl-C', async (person) => {
      await person.page.goto('about:blank');
      const ended = once(demo, 'exit');
      demo.kill('SIGINT');
      const [status] = await ended;
      assert.equal(status, 0);
      assert.deepEqual(running(), []);
    });
  },
  { begin, end, url: `http://127.0.0.1:${PORT}`, zone, width: 1600, height: 1390 },
);

/** Processes that work in the folder of the demo. */
function running() {
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}
