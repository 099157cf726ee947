import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register } from './world.mjs';

const KEY = 'mennekes_tcp';
const NAME = 'Garage';
const limit = (amps) =>
  eventually(async () => assert.equal(await register(KEY, 1, 'hems_current_tenths'), 10 * amps));

story('MENNEKES over Modbus TCP', (step) => {
  step('offers every family by name', async (person) => {
    await person.add();
    await person.picture('add-a-device', { clip: { x: 350, y: 246, width: 580, height: 408 } });
    const lines = await person.dialog.locator('ha-list-item').allInnerTexts();
    // The charging controller, and six families.
    assert.equal(lines.length, 7);
    for (const line of lines) assert.match(line, /\w+/);
  });

  step('explains what is wrong with an address', async (person) => {
    await person.choose('MENNEKES AMTRON charger');
    await person.mistake({ Host: 'no such charger!' }, 'There is no host with this name');
    await person.mistake({ Host: '10.1.2.3' }, 'Nothing can be reached at this address');
    await person.mistake({ Host: '192.168.1.51', Port: 503 }, 'but not at this port');
    await person.picture('explained', { clip: { x: 350, y: 40, width: 580, height: 820 } });
  });

  step('says that a port is a number', async (person) => {
    await person.field('Port').fill('');
    await person.field('Port').pressSequentially('five hundred');
    assert.equal(await person.field('Port').inputValue(), '');
    await person.mistake({}, 'Not all required fields are filled in');
  });

  step('refuses a device of another kind', async (person) => {
    await person.mistake({ Host: '192.168.1.54', Port: 502 }, /refuses|not a device of this kind/);
  });

  step('adds the charger', async (person) => {
    await person.fill({ Host: '192.168.1.51', Port: 502, 'Unit ID': 1 });
    await person.submit();
    await person.finish();
    await person.device(NAME);
    await person.reads('Charging state', /^Charging$/);
  });

  step('does not add it twice', async (person) => {
    await person.add();
    await person.choose('MENNEKES AMTRON charger');
    await person.fill({ Host: '192.168.1.51' });
    await person.submit();
    await person.dialog.getByText('This device is already set up.').waitFor();
  });

  step('moves the limit', async (person) => {
    await person.device(NAME);
    await person.move('Current limit', 13);
    await limit(13);
    await person.reads('Current offered', /^13/);
  });

  step('flips the switch off and on', async (person) => {
    await person.flip('Charging');
    await limit(0);
    await person.reads('Obstacle', /Paused/);
    await person.flip('Charging');
    await limit(13);
    await person.reads('Charging state', /^Charging$/);
  });

  step('keeps to the installer’s limit', async (person) => {
    await person.options(NAME, async () => {
      await person.fill({ 'Read measurements every': 5, "Installer's limit per phase": 10 });
    });
    await limit(10);
    await person.device(NAME);
    // More than the installer allows is met by what he allows, and shown as that.
    await person.move('Current limit', 25);
    await eventually(async () => {
      assert.equal(await person.row('number', 'Current limit').locator('input').inputValue(), '10');
    });
    await limit(10);
    await person.move('Current limit', 9);
    await limit(9);
  });

  step('changes how it is reached, if it is the same device', async (person) => {
    await person.reconfigure(NAME, { Port: 502 }, { Port: 503 }, 'but not at this port');
    await person.device(NAME);
    await person.reads('Charging state', /^Charging$/);
  });

  step('gives diagnostics that name nobody', async (person) => {
    const { text, data } = await person.diagnostics(NAME);
    assert.equal(data.identity.manufacturer, 'MENNEKES');
    assert.equal(data.controls.current_limit, 9);
    assert.doesNotMatch(text.match(/"data": [^]*/)[0], /192\.168|Garage/);
  });
});
