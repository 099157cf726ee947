import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register, world } from './world.mjs';

const KEY = 'victron_gx';
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
    const models = devices.filter((one) => one.manufacturer === 'Victron Energy').map((one) => one.model);
    assert.deepEqual(models.sort(), ['Battery', 'GX', 'Grid meter', 'Solar charger', 'Solar charger', 'VE.Bus system']);
  });
});
