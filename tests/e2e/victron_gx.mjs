import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register, world } from './world.mjs';

const KEY = 'victron_gx';
const NAME = 'GX';
const { host } = world.devices[KEY];

story('Victron GX', (step) => {
  step('explains what is wrong with an address', async (person) => {
    await person.add();
    await person.choose('Victron GX');
    await person.mistake({ Host: 'no such gateway!' }, 'There is no host with this name');
    await person.mistake({ Host: host, Port: 503 }, 'but not at this port');
  });

  step('adds the gateway with all that is behind it', async (person) => {
    await person.fill({ Host: host, Port: 502 });
    await person.submit();
    await person.finish();
    const devices = await person.ask({ type: 'config/device_registry/list' });
    const ours = devices.filter((one) => one.manufacturer === 'Victron Energy');
    assert.deepEqual(
      ours.map((one) => one.model).sort(),
      ['Battery', 'GX', 'Grid meter', 'Solar charger', 'Solar charger', 'VE.Bus system'],
    );
  });

  step('writes nothing until it is allowed to', async (person) => {
    await person.device(NAME);
    await person.reads('Battery power', /W$/);
    assert.equal(await person.row('number', 'Grid set-point').count(), 0);
    await person.options(NAME, async () => {
      await person.check('Allow writing');
      await person.fill({ 'AC current per phase': 25 });
    });
    await person.device(NAME);
    await person.row('number', 'Grid set-point').waitFor();
  });

  step('moves the set-point of the grid', async (person) => {
    await person.move('Grid set-point', 200);
    await eventually(async () => assert.equal(await register(KEY, 100, 'settings.grid_setpoint'), 200));
  });

  step('changes how it is reached, if it is the same device', async (person) => {
    await person.reconfigure(NAME, { Port: 502 }, { Port: 503 }, 'but not at this port');
    await person.device(NAME);
    await person.reads('Battery power', /W$/);
  });

  step('gives diagnostics that name nobody', async (person) => {
    const { data } = await person.diagnostics(NAME);
    assert.equal(data.identity.manufacturer, 'Victron Energy');
    assert.doesNotMatch(JSON.stringify(data), /192\.168|c0619ab4e2d7/);
  });
});
