import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { story } from './story.mjs';
import { eventually, register, world } from './world.mjs';

const KEY = 'alfen';
const NAME = 'Driveway';
const { host } = world.devices[KEY];
const limit = (socket, amps) =>
  eventually(async () => assert.equal(await register(KEY, socket, 'setpoint'), amps));

story('Alfen', (step) => {
  step('explains what is wrong with an address', async (person) => {
    await person.add();
    await person.choose('Alfen Eve charger');
    await person.mistake({ Host: 'no such charger!' }, 'There is no host with this name');
    await person.mistake({ Host: host, Port: 503 }, 'but not at this port');
    await person.dismiss();
  });

  step('discovers the station', async (person) => {
    const announcement = ['-m', 'tests.e2e.announce', '_alfen._tcp.local.', 'ACE0012345', host];
    const station = spawn(world.python, announcement, { stdio: 'inherit' });
    try {
      await person.open('/config/integrations/dashboard');
      const card = person.page.locator('ha-config-flow-card', { hasText: NAME });
      await card.waitFor();
      await person.picture('discovered', { clip: { x: 256, y: 56, width: 1024, height: 330 } });
      await person.press('Add', card);
      await person.dialog.getByText(`was found at ${host}. Add it?`).waitFor();
      await person.submit();
      await person.finish();
    } finally {
      const left = once(station, 'exit');
      station.kill();
      await left;
    }
  });

  step('shows both sockets', async (person) => {
    for (const socket of [`${NAME} socket 1`, `${NAME} socket 2`]) {
      await person.device(socket);
      await person.reads('Charging state', /^Charging$/);
    }
  });

  step('moves the limit of one socket', async (person) => {
    await person.device(`${NAME} socket 2`);
    await person.move('Current limit', 11.5);
    await limit(2, 11.5);
    await limit(1, 6);
  });

  step('flips the switch off and on', async (person) => {
    await person.flip('Charging');
    await limit(2, 0);
    await person.reads('Obstacle', /^Paused$/);
    await person.flip('Charging');
    await limit(2, 11.5);
  });

  step('keeps to the installer’s limit', async (person) => {
    await person.options(NAME, () => person.fill({ "Installer's limit per phase": 10 }));
    await person.device(`${NAME} socket 2`);
    await person.move('Current limit', 10);
    await limit(2, 10);
  });

  step('changes how it is reached, if it is the same device', async (person) => {
    await person.reconfigure(NAME, { Port: 502 }, { Port: 503 }, 'but not at this port');
    await person.device(`${NAME} socket 1`);
    await person.reads('Charging state', /^Charging$/);
  });

  step('gives diagnostics that name nobody', async (person) => {
    const { data } = await person.diagnostics(NAME);
    assert.match(data.identity.manufacturer, /Alfen/);
    assert.doesNotMatch(JSON.stringify(data), /192\.168|ACE0012345|Driveway/);
  });
});
