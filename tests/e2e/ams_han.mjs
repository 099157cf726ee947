import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { world } from './world.mjs';

story('Smart meters', (step) => {
  step('explains what is wrong with an address', async (person) => {
    await person.add();
    await person.choose('Smart meter');
    await person.choose('Network (ser2net');
    await person.mistake({ Host: 'no such adapter!', Port: 3001 }, 'There is no host with this name');
    await person.mistake({ Host: '192.168.1.55', Port: 3002 }, 'but not at this port');
  });

  step('adds a meter in the network once it speaks', async (person) => {
    await person.fill({ Port: 3001 });
    await person.submit();
    await person.finish();
    await person.device('Aidon 6534');
    await person.reads('Power', /\d\sW$/);
    await person.reads('Current L1', /^\d+(\.\d+)?\sA$/);
  });

  step('changes options', async (person) => {
    await person.options('Aidon 6534', () => person.fill({ 'Factor of current transformers': 100 }));
    await person.device('Aidon 6534');
    await person.reads('Power', /\d,\d\d\d\sW$/);
  });

  step('changes how it is reached, if it is the same meter', async (person) => {
    await person.reconfigure('Aidon 6534', { Port: 3001 }, { Port: 3002 }, 'but not at this port');
    await person.device('Aidon 6534');
    await person.reads('Power', /\d\sW$/);
  });

  step('gives diagnostics that name nobody', async (person) => {
    const { data } = await person.diagnostics('Aidon 6534');
    assert.equal(data.identity.manufacturer, 'Aidon');
    assert.doesNotMatch(JSON.stringify(data), /192\.168|7359990000000001/);
  });

  step('adds a meter on a serial port', async (person) => {
    await person.add();
    await person.choose('Smart meter');
    await person.choose('Serial adapter');
    await person.serialPort(`${world.folder}/meter`);
    // A pseudo-terminal has no parity, and says so when it is asked for one again.
    await person.pick('Parity', 'N');
    await person.submit();
    const name = await person.finish();
    await person.device(name);
    await person.reads('Power', /\d\sW$/);
  });

  step('asks for MQTT first, where there is none', async (person) => {
    await person.add();
    await person.choose('Smart meter');
    await person.choose('MQTT (Tibber');
    await person.dialog.getByText('MQTT is not set up in Home Assistant').waitFor();
    await person.close();
  });

  step('says that nothing comes under a topic', async (person) => {
    await setUpMqtt(person);
    await person.add();
    await person.choose('Smart meter');
    await person.choose('MQTT (Tibber');
    await person.fill({ Topics: 'han/nobody' });
    await person.submit();
    await person.dialog.getByText('Waiting for the meter to speak').waitFor();
    const alert = person.dialog.locator('ha-alert', { hasText: 'Nothing came under these topics' });
    await alert.waitFor({ timeout: 60000 });
  });

  step('adds a meter over MQTT', async (person) => {
    await person.fill({ Topics: 'han/frames' });
    await person.submit();
    const name = await person.finish();
    await person.device(name);
    await person.reads('Power', /\d\sW$/);
  });
});

/** Set up Home Assistant's own MQTT integration, which is not our subject. */
async function setUpMqtt(person) {
  const { host, port } = world.devices.mqtt_meter;
  const flows = 'config/config_entries/flow';
  const form = await person.api('POST', flows, { handler: 'mqtt' });
  const step = await person.api('POST', `${flows}/${form.flow_id}`, {
    broker: host,
    port,
    protocol: '5',
    other_settings: { set_client_cert: false, set_ca_cert: 'off', transport: 'tcp' },
  });
  assert.equal(step.type, 'create_entry', JSON.stringify(step));
}
