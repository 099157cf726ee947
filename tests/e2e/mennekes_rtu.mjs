import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register, simulator } from './world.mjs';

const KEY = 'mennekes_rtu';
const NAME = 'AMTRON';
const limit = (amps) =>
  eventually(async () => assert.equal(await register(KEY, 50, 'current'), amps));

story('MENNEKES over Modbus RTU', (step) => {
  step('offers three ways to the charger', async (person) => {
    await person.add();
    await person.choose('MENNEKES AMTRON Compact');
    assert.equal(await person.dialog.locator('ha-list-item').count(), 3);
  });

  step('finds a charger with another unit ID', async (person) => {
    await person.choose('Network gateway that passes the bytes on');
    await person.mistake({ Host: '192.168.1.52', Port: 8898 }, 'but not at this port');
    await person.mistake({ Port: 8899, 'Unit ID': 7 }, 'one does with unit ID 50');
    assert.equal(await person.field('Unit ID').inputValue(), '50');
  });

  step('adds the charger', async (person) => {
    await person.submit();
    await person.finish();
    await person.device(NAME);
    await person.reads('Charging state', /^(Connected|Charging)$/);
  });

  step('moves the limit', async (person) => {
    await person.move('Current limit', 8);
    await limit(8);
    await person.reads('Charging state', /^Charging$/);
    await person.reads('Current L1', /^[78]/);
  });

  step('flips the switch off and on, and never sends the 0 that means no limit', async (person) => {
    await person.flip('Charging');
    await person.reads('Obstacle', /^Paused$/);
    await person.reads('Power', /^0\sW/);
    await person.flip('Charging');
    await limit(8);
    await person.reads('Charging state', /^Charging$/);
    assert.equal((await simulator(KEY, '/state'))['violations.full_power'], 0);
  });

  step('keeps to the installer’s limit', async (person) => {
    await person.options(NAME, () => person.fill({ "Installer's limit per phase": 10 }));
    await person.device(NAME);
    await person.move('Current limit', 10);
    await limit(10);
  });

  step('changes how it is reached, if it is the same device', async (person) => {
    await person.reconfigure(NAME, { Port: 8899 }, { Port: 8898 }, 'but not at this port');
    await person.device(NAME);
    await person.reads('Charging state', /^Charging$/);
  });

  step('gives diagnostics that name nobody', async (person) => {
    const { text, data } = await person.diagnostics(NAME);
    assert.equal(data.identity.manufacturer, 'MENNEKES');
    assert.doesNotMatch(JSON.stringify(data), /192\.168|13552019/);
    assert.match(text, /AMTRON/);
  });
});
